// dialect_public - clients of numbered rooms that staff keeps; each test is a row of the contract.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call } from './lib/api.mjs';
import { Cluster } from './lib/cluster.mjs';
import { ask, fresh } from './lib/dialect.mjs';

let cluster;
let base;
before(async () => {
  cluster = await Cluster.start();
  base = cluster.url();
});
after(() => cluster?.destroy());

const register = (fields, url = base) => ask(url, 'POST', '/register/', fields);
const login = (who, url = base) => ask(url, 'POST', '/login/', { username: who.username, password: who.password });

// Somebody who registered: { username, password }.
async function someone(more = {}, url = base) {
  const who = { username: fresh('some'), password: 'abc' };
  const answer = await register({ ...who, ...more }, url);
  assert.deepEqual([answer.status, answer.json], [201, { message: 'User created successfully' }]);
  return who;
}

test('S5-01 registering takes any password, refuses a name that is taken, and names every field at fault', async () => {
  const who = await someone();
  const again = await register(who);
  assert.deepEqual([again.status, again.json], [400, { message: 'User already exists' }]);
  const required = ['This field is required.'];
  const empty = await register({});
  assert.deepEqual([empty.status, empty.json], [400, { username: required, password: required }]);
  const odd = await register({ username: '', is_admin: 'maybe' });
  assert.deepEqual([odd.status, odd.json], [400, { username: ['This field may not be blank.'], password: required, is_admin: ['Must be a valid boolean.'] }]);
  for (const [username, sentence] of [
    ['a b', /^Enter a valid username\. /],
    ['x'.repeat(65), /^Ensure this field has no more than 64 characters\.$/],
    ['é'.repeat(33), /^Ensure this field has no more than 64 characters\.$/],
  ]) {
    const bad = await register({ username, password: 'abc' });
    assert.deepEqual([bad.status, Object.keys(bad.json)], [400, ['username']]);
    assert.match(bad.json.username[0], sentence);
  }
});

test('S5-01 whoever asks to be an administrator gets 201 and is none', async () => {
  for (const asked of [true, 'true', 1]) {
    const answer = await login(await someone({ is_admin: asked }));
    assert.equal(answer.json.is_admin, false);
  }
});

test('S5-01 with PARLEY_COMPAT_OPEN_ADMIN_SIGNUP whoever asks to be an administrator is one', async () => {
  const own = await Cluster.start({ env: { PARLEY_COMPAT_OPEN_ADMIN_SIGNUP: '1' } });
  try {
    assert.equal((await login(await someone({ is_admin: true }, own.url()), own.url())).json.is_admin, true);
    assert.equal((await login(await someone({ is_admin: false }, own.url()), own.url())).json.is_admin, false);
    assert.equal((await login(await someone({}, own.url()), own.url())).json.is_admin, false);
  } finally {
    await own.destroy();
  }
});

test('S5-02 signing in gives the same token each time, is_admin, user_id, and the cookie of a session', async () => {
  const who = await someone();
  const first = await login(who);
  assert.equal(first.status, 200, first.text);
  assert.match(first.json.token, /^[0-9a-f]{40}$/);
  assert.deepEqual(first.json, { token: first.json.token, is_admin: false, user_id: first.json.user_id });
  assert.equal(typeof first.json.user_id, 'number');
  const { attributes } = first.cookies.sessionid;
  assert.ok(attributes.has('httponly') && attributes.get('samesite') === 'Lax' && attributes.get('path') === '/');
  assert.equal(attributes.get('max-age'), '1209600');
  assert.ok(first.cookies.csrftoken.value);
  assert.deepEqual((await login(who)).json, first.json);
  for (const headers of [{ authorization: `Token ${first.json.token}` }, { cookie: `sessionid=${first.cookies.sessionid.value}` }]) {
    const me = await call(base, 'GET', '/v1/accounts/me', { headers });
    assert.equal(me.json?.login, who.username, me.text);
    assert.equal(Number(me.json.id), first.json.user_id);
  }
});

test('S5-02 a wrong password and an unknown name get 400, and nothing is set', async () => {
  const who = await someone();
  for (const tried of [{ ...who, password: 'abd' }, { ...who, username: fresh('none') }, { ...who, username: 'x'.repeat(300) }]) {
    const answer = await login(tried);
    assert.deepEqual([answer.status, answer.json], [400, { error: 'Invalid credentials' }]);
    assert.deepEqual(answer.cookies, {});
  }
  const required = ['This field is required.'];
  assert.deepEqual((await ask(base, 'POST', '/login/', {})).json, { username: required, password: required });
});
