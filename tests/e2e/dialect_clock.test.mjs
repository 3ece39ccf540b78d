// dialect_clock - clients that sign in for a pair of JWT; each test is a row of the contract.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { ask, fresh, openToken } from './lib/dialect.mjs';

// A life that a test can wait for the end of.
const refreshSeconds = 6;
const accessSeconds = 3;

const noAccount = { detail: 'No active account found with the given credentials' };
const invalid = { detail: 'Token is invalid or expired', code: 'token_not_valid' };

let cluster;
let base;
before(async () => {
  cluster = await Cluster.start();
  base = cluster.url();
});
after(() => cluster?.destroy());

const obtain = (who, url = base) => ask(url, 'POST', '/api/token/', { username: who.username, password: who.password });
const refresh = (token, url = base) => ask(url, 'POST', '/api/token/refresh/', { refresh: token });
const works = async (token, url = base) => (await call(url, 'GET', '/v1/accounts/me', { token })).status === 200;

// Somebody who registered.
async function someone(url = base) {
  const who = { name: 'Some One', username: fresh('some'), password: 'x' };
  const answer = await ask(url, 'POST', '/api/register/', who);
  assert.equal(answer.status, 201, answer.text);
  return { ...who, id: answer.json.id };
}

test('S4-01 registering answers with id, name and username, and a name that is taken is refused', async () => {
  const who = { name: 'علی', username: fresh('ali'), password: ' any thing ' };
  const answer = await ask(base, 'POST', '/api/register/', who);
  assert.equal(answer.status, 201, answer.text);
  assert.equal(typeof answer.json.id, 'number');
  assert.deepEqual(answer.json, { id: answer.json.id, name: 'علی', username: who.username });
  const again = await ask(base, 'POST', '/api/register/', { ...who, name: 'other' });
  assert.deepEqual([again.status, again.json], [400, { error: 'Username already used' }]);
  assert.equal((await obtain(who)).status, 200);
  for (const odd of [{ username: 'a b' }, { username: 'x'.repeat(65) }, { name: 'n'.repeat(129) }, { password: 'p'.repeat(1025) }]) {
    const refused = await ask(base, 'POST', '/api/register/', { ...who, username: fresh('odd'), ...odd });
    assert.deepEqual([refused.status, Object.keys(refused.json), typeof refused.json.error], [400, ['error'], 'string']);
  }
});

test('S4-02 of the fields that are missing the first is told: name, username, password', async () => {
  const all = { name: 'n', username: fresh('u'), password: 'p' };
  const told = async (body) => {
    const answer = await ask(base, 'POST', '/api/register/', body);
    return [answer.status, answer.json];
  };
  assert.deepEqual(await told({}), [400, { error: 'name is missing' }]);
  assert.deepEqual(await told({ username: all.username, password: 'p' }), [400, { error: 'name is missing' }]);
  assert.deepEqual(await told({ name: 'n' }), [400, { error: 'username is missing' }]);
  assert.deepEqual(await told({ ...all, password: undefined }), [400, { error: 'password is missing' }]);
  assert.deepEqual(await told({ ...all, password: '' }), [400, { error: 'password is missing' }]);
});

test('S4-03 signing in gives access and refresh, and the cookie `access` that equals the token', async () => {
  const answer = await obtain(await someone());
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.json).sort(), ['access', 'refresh']);
  assert.equal(answer.cookies.access.value, answer.json.access);
  const { attributes } = answer.cookies.access;
  assert.equal(attributes.get('path'), '/');
  assert.equal(attributes.get('samesite'), 'Lax');
  assert.ok(attributes.has('httponly') && !attributes.has('secure'));
  const { claims } = openToken(answer.json.access);
  assert.equal(Number(attributes.get('max-age')), claims.exp - claims.iat);
  assert.ok(await works(answer.json.access));
});

test('S4-04 a wrong password and an unknown name get 401 and the challenge of this dialect', async () => {
  const who = await someone();
  for (const tried of [{ ...who, password: 'y' }, { username: fresh('none'), password: 'x' }, { ...who, username: 'x'.repeat(300) }]) {
    const answer = await obtain(tried);
    assert.deepEqual([answer.status, answer.json], [401, noAccount]);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="api"');
    assert.equal(answer.cookies.access, undefined);
  }
});

test('S4-05 signing in with nothing names both fields', async () => {
  const required = ['This field is required.'];
  const answer = await ask(base, 'POST', '/api/token/', {});
  assert.deepEqual([answer.status, answer.json], [400, { username: required, password: required }]);
  const blank = await ask(base, 'POST', '/api/token/', { username: '', password: null });
  assert.deepEqual([blank.status, blank.json], [400, { username: ['This field may not be blank.'], password: ['This field may not be null.'] }]);
});

test('S4-06 an access token is ES256 and has the claims that clients read', async () => {
  const who = await someone();
  const { header, claims } = openToken((await obtain(who)).json.access);
  assert.deepEqual([header.alg, header.typ], ['ES256', 'JWT']);
  assert.equal(claims.token_type, 'access');
  assert.equal(Number(claims.user_id), who.id);
  assert.match(claims.jti, /^[0-9a-f]{32}$/);
  assert.equal(claims.exp - claims.iat, 300);
});

test('S4-07 refreshing gives another access token that works, renews the cookie, and keeps the refresh token', async () => {
  const pair = (await obtain(await someone())).json;
  for (let i = 0; i < 3; i++) {
    const answer = await refresh(pair.refresh);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(Object.keys(answer.json), ['access']);
    assert.notEqual(answer.json.access, pair.access);
    assert.equal(answer.cookies.access.value, answer.json.access);
    assert.ok(await works(answer.json.access));
  }
  assert.ok(await works(pair.access));
});

test('S4-08 what is no refresh token is told apart: garbage, another type, nothing', async () => {
  const pair = (await obtain(await someone())).json;
  const told = async (body) => {
    const answer = await ask(base, 'POST', '/api/token/refresh/', body);
    return [answer.status, answer.json];
  };
  assert.deepEqual(await told({ refresh: 'garbage' }), [401, invalid]);
  assert.deepEqual(await told({ refresh: 'x'.repeat(4000) }), [401, invalid]);
  assert.deepEqual(await told({ refresh: pair.access }), [401, { detail: 'Token has wrong type', code: 'token_not_valid' }]);
  assert.deepEqual(await told({}), [400, { refresh: ['This field is required.'] }]);
  assert.deepEqual(await told({ refresh: '' }), [400, { refresh: ['This field may not be blank.'] }]);
});

test('S4-08 S4-09 with lives of seconds and rotation switched on, tokens expire and a used one is blacklisted', async () => {
  const own = await Cluster.start({
    env: { PARLEY_ACCESS_TTL: `${accessSeconds}s`, PARLEY_REFRESH_TTL: `${refreshSeconds}s`, PARLEY_COMPAT_REFRESH_ROTATE: '1' },
  });
  try {
    const url = own.url();
    const who = await someone(url);
    const first = (await obtain(who, url)).json;
    const { claims } = openToken(first.access);
    assert.equal(claims.exp - claims.iat, accessSeconds);
    const answer = await refresh(first.refresh, url);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(Object.keys(answer.json).sort(), ['access', 'refresh']);
    assert.notEqual(answer.json.refresh, first.refresh);
    const used = await refresh(first.refresh, url);
    assert.deepEqual([used.status, used.json], [401, { detail: 'Token is blacklisted', code: 'token_not_valid' }]);
    assert.equal((await refresh(answer.json.refresh, url)).status, 200, 'the session goes on');
    await until('the access token expires', async () => !(await works(first.access, url)));
    const late = (await obtain(who, url)).json.refresh;
    const end = Date.now() + refreshSeconds * 1000 + 500; // to ask earlier would use it up
    await until('the refresh token expires', () => Date.now() > end);
    const expired = await refresh(late, url);
    assert.deepEqual([expired.status, expired.json], [401, invalid]);
  } finally {
    await own.destroy();
  }
});
