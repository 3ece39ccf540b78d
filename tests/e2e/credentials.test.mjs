// credentials - every kind of credential in every place where it may be shown, what it may do, and how it ends.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { call, must, person } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { Socket, basic, cookiesOf, shown, signIn, socketSays } from './lib/credentials.mjs';
import { secretFile } from './lib/staff.mjs';

// What is signed out must have no effect any more after so long (I9).
const revokedMs = 5000;

// Longer than a used refresh token is taken for one whose answer was lost.
const lostMs = 15000;

const legacyKey = 'a key that signed tokens of an older deployment';
const signedIn = ['session', 'authtoken', 'knox', 'cookie'];
const shapes = { session: /^[\w-]+\.[\w-]+\.[\w-]+$/, authtoken: /^[0-9a-f]{40}$/, knox: /^[0-9a-f]{64}$/, cookie: /^[a-z0-9]{32}$/, token: /^parley_[\w-]{43}$/ };

let cluster;
let base;
before(async () => {
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_RATE_LIMITS: 'off', PARLEY_JWT_LEGACY_HS256_KEY_FILE: secretFile(legacyKey) } });
  base = cluster.url();
});
after(() => cluster?.destroy());

async function tokenOf(who, scopes = 'read write', more = {}) {
  const made = await must(base, 'POST', '/v1/tokens', { token: who.access, body: { name: 'script', scopes, ...more } });
  return { kind: 'token', id: made.id, secret: made.token, made };
}

const credentialOf = (who, kind) => (kind === 'token' ? tokenOf(who) : signIn(base, who, kind));
const me = (headers, gateway = 0) => call(cluster.url(gateway), 'GET', '/v1/accounts/me', { headers });
const ownRoom = (who) => must(base, 'POST', '/v1/rooms', { token: who.access, body: { name: 'own', kind: 'group' } });

// A token as an older deployment's SimpleJWT would have signed it.
function legacy(claims, { key = legacyKey, alg = 'HS256' } = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg, typ: 'JWT' })}.${part({ token_type: 'access', iat: now, exp: now + 300, jti: 'a'.repeat(32), ...claims })}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

for (const kind of [...signedIn, 'token']) {
  test(`a ${kind} has the shape that clients know and is accepted over HTTP by every gateway`, async () => {
    const ann = await person(base, 'ann');
    const credential = await credentialOf(ann, kind);
    assert.match(credential.secret, shapes[kind]);
    for (const gateway of [0, 1]) {
      const answer = await me(shown(credential), gateway);
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.id, ann.id);
    }
  });

  test(`a ${kind} opens a WebSocket as its owner in every place where it may be shown`, async () => {
    const ann = await person(base, 'ann');
    const room = await ownRoom(ann);
    const credential = await credentialOf(ann, kind);
    const ways =
      kind === 'cookie'
        ? { cookie: [cluster.ws(), { headers: shown(credential) }] }
        : {
            header: [cluster.ws(), { headers: shown(credential) }],
            query: [`${cluster.ws()}?token=${credential.secret}`, {}],
            subprotocol: [cluster.ws(), { protocols: ['parley.v1.json', 'bearer', credential.secret] }],
          };
    if (kind === 'session') ways['cookie access'] = [cluster.ws(), { headers: { cookie: `access=${credential.secret}` } }];
    for (const [way, [url, options]] of Object.entries(ways)) assert.equal(await socketSays(url, options, room.id), 'ok', way);
    const late = new Socket(cluster.ws(1));
    assert.equal(await late.opened, 101);
    if (kind !== 'cookie') assert.equal((await late.ask('auth', { token: credential.secret })).ok?.account, ann.id);
    late.close();
  });

  test(`a ${kind} that nobody was given is refused, over HTTP with 401 and before a socket is opened`, async () => {
    const ann = await person(base, 'ann');
    const room = await ownRoom(ann);
    const credential = await credentialOf(ann, kind);
    const last = credential.secret.at(-2) === '3' ? '4' : '3';
    const forged = { ...credential, secret: `${credential.secret.slice(0, -2)}${last}${credential.secret.at(-1)}` };
    const answer = await me(shown(forged));
    assert.equal(answer.status, 401);
    // An invalid cookie counts as absent, so that it opens a socket which must sign in.
    assert.equal(await socketSays(cluster.ws(), { headers: shown(forged) }, room.id), kind === 'cookie' ? 'unauthenticated' : 401);
    if (kind !== 'cookie') assert.match(answer.headers.get('www-authenticate'), kind === 'session' || kind === 'token' ? /^Bearer/ : /^Token/);
  });
}

test('Basic names the account with its password; a wrong one is refused with a challenge', async () => {
  const ann = await person(base, 'ann');
  const room = await ownRoom(ann);
  assert.equal((await me(basic(ann))).json?.id, ann.id);
  const refused = await me(basic(ann, 'not this one'));
  assert.equal(refused.status, 401);
  assert.match(refused.headers.get('www-authenticate'), /^Basic/);
  assert.equal(await socketSays(cluster.ws(), { headers: basic(ann) }, room.id), 'ok');
  assert.equal(await socketSays(cluster.ws(), { headers: basic(ann, 'not this one') }, room.id), 401);
});

test('a scheme of somebody else counts as no credential', async () => {
  const answer = await me({ authorization: 'Digest username="x"' });
  assert.deepEqual([answer.status, answer.json.code], [401, 'unauthenticated']);
});

test('Authorization outranks the query, the subprotocol and cookies', async () => {
  const [ann, bob] = [await person(base, 'ann'), await person(base, 'bob')];
  const room = await ownRoom(ann);
  const cookie = await signIn(base, bob, 'cookie');
  const headers = { authorization: `Bearer ${ann.access}`, cookie: `sessionid=${cookie.secret}` };
  assert.equal((await me(headers)).json.id, ann.id);
  assert.equal(await socketSays(`${cluster.ws()}?token=${bob.access}`, { headers }, room.id), 'ok');
  assert.equal(await socketSays(`${cluster.ws()}?token=${ann.access}`, { headers: { cookie: headers.cookie } }, room.id), 'ok');
  assert.equal((await call(base, 'PATCH', '/v1/accounts/me', { headers, body: { name: 'no CSRF is asked for' } })).status, 200);
});

test('an authtoken is the same at every sign-in until it is signed out, a Knox token another each time', async () => {
  const ann = await person(base, 'ann');
  const [one, two] = [await signIn(base, ann, 'authtoken'), await signIn(cluster.url(1), ann, 'authtoken')];
  assert.equal(one.secret, two.secret);
  assert.equal((await call(base, 'DELETE', '/v1/sessions/current', { headers: shown(one) })).status, 204);
  const three = await signIn(base, ann, 'authtoken');
  assert.notEqual(three.secret, one.secret);
  assert.equal((await me(shown(three))).status, 200);
  const [a, b] = [await signIn(base, ann, 'knox'), await signIn(base, ann, 'knox')];
  assert.notEqual(a.secret, b.secret);
  assert.equal((await me(shown(a))).status, 200);
  assert.equal((await me(shown(b))).status, 200);
});

test('a repeated sign-in under one Idempotency-Key gives the same credential', async () => {
  const ann = await person(base, 'ann');
  for (const kind of ['knox', 'cookie']) {
    const key = { 'idempotency-key': `again ${kind} ${ann.login}`.replaceAll(' ', '-') };
    const [one, two] = [await signIn(base, ann, kind, key), await signIn(cluster.url(1), ann, kind, key)];
    assert.deepEqual([one.secret, one.id], [two.secret, two.id]);
  }
});

test('a session cookie is set as browsers need it, and its key is not in the body', async () => {
  const ann = await person(base, 'ann');
  const { answer, secret } = await signIn(base, ann, 'cookie');
  const { sessionid, csrftoken } = cookiesOf(answer);
  assert.ok(sessionid.attributes.has('httponly'));
  assert.equal(sessionid.attributes.get('samesite'), 'Lax');
  assert.equal(sessionid.attributes.get('path'), '/');
  assert.equal(sessionid.attributes.get('max-age'), '1209600');
  assert.ok(!csrftoken.attributes.has('httponly'));
  assert.equal(csrftoken.attributes.get('samesite'), 'Lax');
  assert.equal(csrftoken.attributes.get('max-age'), '31449600');
  assert.ok(!answer.text.includes(secret));
});

test('what a cookie changes needs the CSRF token and an Origin of ours', async () => {
  const ann = await person(base, 'ann');
  const cookie = await signIn(base, ann, 'cookie');
  const change = (headers) => call(base, 'PATCH', '/v1/accounts/me', { headers, body: { name: 'x' } });
  assert.equal((await me(shown(cookie))).status, 200);
  for (const headers of [shown(cookie), { ...shown(cookie), 'x-csrftoken': 'x'.repeat(32) }, { ...shown(cookie, { unsafe: true }), origin: 'https://evil.example' }, { ...shown(cookie, { unsafe: true }), referer: 'https://evil.example/a' }]) {
    const refused = await change(headers);
    assert.deepEqual([refused.status, refused.json.code], [403, 'csrf_failed'], JSON.stringify(headers));
  }
  assert.equal((await change(shown(cookie, { unsafe: true }))).status, 200);
  assert.equal((await change({ ...shown(cookie, { unsafe: true }), origin: base })).status, 200);
});

test('signing out by cookie ends the session and clears both cookies', async () => {
  const ann = await person(base, 'ann');
  const cookie = await signIn(base, ann, 'cookie');
  const out = await call(base, 'DELETE', '/v1/sessions/current', { headers: shown(cookie, { unsafe: true }) });
  assert.equal(out.status, 204);
  const { sessionid, csrftoken } = cookiesOf(out);
  assert.deepEqual([sessionid.attributes.get('max-age'), csrftoken.attributes.get('max-age')], ['0', '0']);
  await until('the key is refused', async () => (await me(shown(cookie), 1)).status === 401, revokedMs);
});

test('an API token is shown once and may do what its scopes say, over HTTP and on a socket', async () => {
  const ann = await person(base, 'ann');
  const room = await ownRoom(ann);
  const read = await tokenOf(ann, 'read');
  const list = await must(base, 'GET', '/v1/tokens', { token: ann.access });
  assert.deepEqual(list.items.map((one) => [one.id, one.name, one.scopes, one.token]), [[read.id, 'script', 'read', undefined]]);
  assert.equal(list.items[0].prefix, read.secret.slice(0, 12));
  const headers = shown(read);
  assert.equal((await call(base, 'GET', `/v1/rooms/${room.id}`, { headers })).status, 200);
  for (const [method, path, body] of [
    ['POST', `/v1/rooms/${room.id}/messages`, { send_id: '1', body: 'x' }],
    ['PATCH', '/v1/accounts/me', { name: 'x' }],
    ['GET', '/v1/sessions'],
    ['POST', '/v1/tokens', { name: 'more', scopes: 'read' }],
  ]) {
    const refused = await call(base, method, path, { headers, body });
    assert.deepEqual([refused.status, refused.json.code], [403, 'scope_missing'], `${method} ${path}`);
  }
  const socket = new Socket(cluster.ws(), { headers });
  assert.equal(await socket.opened, 101);
  assert.ok((await socket.ask('subscribe', { room: room.id, since: 0 })).ok);
  assert.equal((await socket.ask('send', { room: room.id, send_id: '2', body: 'x' })).error?.code, 'scope_missing');
  socket.close();
  const write = await tokenOf(ann, 'read write');
  assert.equal((await call(base, 'POST', `/v1/rooms/${room.id}/messages`, { headers: shown(write), body: { send_id: '3', body: 'x' } })).status, 201);
});

test('nobody who is not staff may administer, whatever the scopes', async () => {
  const ann = await person(base, 'ann');
  for (const headers of [{ authorization: `Bearer ${ann.access}` }, shown(await tokenOf(ann, 'read')), basic(ann)]) {
    const refused = await call(base, 'GET', '/v1/admin/accounts?q=', { headers });
    assert.equal(refused.status, 403, refused.text);
  }
});

test('an API token ends when its time is over, and when it is deleted', async () => {
  const ann = await person(base, 'ann');
  const [short, long] = [await tokenOf(ann, 'read account', { expires_in: 1 }), await tokenOf(ann, 'read account')];
  await until('the short one has ended', async () => (await me(shown(short), 1)).status === 401, revokedMs, 100);
  assert.equal((await me(shown(long))).status, 200);
  assert.equal((await call(base, 'DELETE', `/v1/tokens/${long.id}`, { token: ann.access })).status, 204);
  const codes = await until('the deleted one is refused by both gateways', async () => {
    const answers = [await me(shown(long), 0), await me(shown(long), 1)];
    return answers.every((answer) => answer.status === 401) ? answers.map((answer) => answer.json.code) : null;
  }, revokedMs);
  assert.deepEqual(codes, ['token_revoked', 'token_revoked']);
});

for (const kind of signedIn) {
  test(`a ${kind} that is signed out closes its sockets with 4401 and is refused by every gateway within 5 s`, async () => {
    const ann = await person(base, 'ann');
    const credential = await signIn(base, ann, kind);
    const sockets = [0, 1].map((gateway) => new Socket(cluster.ws(gateway), { headers: shown(credential) }));
    for (const socket of sockets) assert.equal(await socket.opened, 101);
    const spared = new Socket(cluster.ws(1), { headers: { authorization: `Bearer ${ann.access}` } });
    assert.equal(await spared.opened, 101);
    const started = Date.now();
    assert.equal((await call(base, 'DELETE', `/v1/sessions/${credential.id}`, { token: ann.access })).status, 204);
    assert.deepEqual(await Promise.all(sockets.map((socket) => socket.closed)), [4401, 4401]);
    await until('both gateways refuse', async () => (await me(shown(credential), 0)).status === 401 && (await me(shown(credential), 1)).status === 401, revokedMs);
    assert.ok(Date.now() - started < revokedMs, `${Date.now() - started} ms`);
    assert.ok(sockets.every((socket) => socket.heard.some((frame) => frame.ev === 'session' && frame.what === 'revoked')));
    assert.ok((await spared.ask('ping')).ok);
    spared.close();
  });
}

test('signing out everywhere ends all but API tokens', async () => {
  const ann = await person(base, 'ann');
  const credentials = [];
  for (const kind of signedIn) credentials.push(await signIn(base, ann, kind));
  const token = await tokenOf(ann, 'read account');
  const listed = await must(base, 'GET', '/v1/sessions', { token: ann.access });
  assert.deepEqual([...new Set(listed.items.map((one) => one.kind))].sort(), [...signedIn].sort());
  assert.equal(listed.items.filter((one) => one.current).length, 1);
  assert.equal((await call(base, 'DELETE', '/v1/sessions', { token: ann.access })).status, 204);
  for (const credential of credentials) await until(`${credential.kind} is refused`, async () => (await me(shown(credential), 1)).status === 401, revokedMs);
  assert.equal((await me({ authorization: `Bearer ${ann.access}` })).status, 401);
  assert.equal((await me(shown(token))).status, 200);
});

test('a change of the password spares the session that asks and API tokens, and ends all others', async () => {
  const ann = await person(base, 'ann');
  const others = [];
  for (const kind of signedIn) others.push(await signIn(base, ann, kind));
  const token = await tokenOf(ann, 'read account');
  const [mine, other] = [new Socket(cluster.ws(0), { headers: { authorization: `Bearer ${ann.access}` } }), new Socket(cluster.ws(1), { headers: shown(others[0]) })];
  assert.deepEqual([await mine.opened, await other.opened], [101, 101]);
  const next = `another horse ${ann.login}`;
  const change = (body) => call(base, 'PUT', '/v1/accounts/me/password', { token: ann.access, body });
  const wrong = await change({ old_password: 'not this one', password: next });
  assert.deepEqual([wrong.status, wrong.json.errors?.[0]?.field, wrong.json.errors?.[0]?.code], [422, 'old_password', 'wrong']);
  const trusted = await change({ password: next, is_trusted: true });
  assert.deepEqual([trusted.status, trusted.json.errors?.[0]?.field, trusted.json.errors?.[0]?.code], [422, 'is_trusted', 'unknown']);
  const weak = await change({ old_password: ann.password, password: '12345678' });
  assert.deepEqual([weak.status, weak.json.errors?.[0]?.field], [422, 'password']);
  assert.equal((await change({ old_password: ann.password, password: next })).status, 204);
  assert.equal(await other.closed, 4401);
  for (const one of others) await until(`${one.kind} is refused`, async () => (await me(shown(one), 1)).status === 401, revokedMs);
  assert.ok((await mine.ask('ping')).ok);
  assert.equal((await me({ authorization: `Bearer ${ann.access}` }, 1)).status, 200);
  assert.equal((await must(base, 'POST', '/v1/sessions/refresh', { body: { refresh: ann.refresh } })).account, ann.id);
  assert.equal((await me(shown(token))).status, 200);
  assert.equal((await me(basic(ann))).status, 401);
  assert.equal((await me(basic(ann, next))).status, 200);
  mine.close();
});

test('reuse of a refresh token ends its session and closes its sockets', async () => {
  const ann = await person(base, 'ann');
  const next = await must(base, 'POST', '/v1/sessions/refresh', { body: { refresh: ann.refresh } });
  await must(base, 'POST', '/v1/sessions/refresh', { body: { refresh: next.refresh } });
  const socket = new Socket(cluster.ws(1), { headers: { authorization: `Bearer ${next.access}` } });
  assert.equal(await socket.opened, 101);
  // For a while it is taken for a client that lost the answer, and gets the same one.
  await until('the reuse is refused', async () => (await call(base, 'POST', '/v1/sessions/refresh', { body: { refresh: ann.refresh } })).status === 401, lostMs, 250);
  assert.equal(await socket.closed, 4401);
});

test("tokens of an older deployment are accepted, and only such as its key signed", async () => {
  const ann = await person(base, 'ann');
  const room = await ownRoom(ann);
  const says = (token) => me({ authorization: `Bearer ${token}` });
  for (const user_id of [Number(ann.id), ann.id]) assert.equal((await says(legacy({ user_id }))).json?.id, ann.id);
  assert.equal(await socketSays(`${cluster.ws()}?token=${legacy({ user_id: Number(ann.id) })}`, {}, room.id), 'ok');
  const past = Math.floor(Date.now() / 1000) - 10;
  const bad = {
    'another key': legacy({ user_id: ann.id }, { key: 'b'.repeat(40) }),
    'another algorithm in its head': legacy({ user_id: ann.id }, { alg: 'HS512' }),
    'no algorithm': legacy({ user_id: ann.id }, { alg: 'none' }),
    'a refresh token': legacy({ user_id: ann.id, token_type: 'refresh' }),
    expired: legacy({ user_id: ann.id, exp: past }),
    'without an end': legacy({ user_id: ann.id, exp: undefined }),
    'without an account': legacy({}),
    'an account that is not there': legacy({ user_id: 999999999999 }),
  };
  for (const [what, token] of Object.entries(bad)) assert.equal((await says(token)).status, 401, what);
});

test('the access token carries the claims that clients of SimpleJWT read', async () => {
  const ann = await person(base, 'ann');
  const [head, claims] = ann.access.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  assert.equal(head.alg, 'ES256');
  assert.equal(claims.token_type, 'access');
  assert.equal(String(claims.user_id), ann.id);
  assert.equal(claims.staff, undefined);
  assert.ok(claims.exp > claims.iat);
});

test('a cookie that is used stays signed in while others come and go', async () => {
  const ann = await person(base, 'ann');
  const cookie = await signIn(base, ann, 'cookie');
  for (let i = 0; i < 3; i++) {
    const other = await signIn(base, ann, 'cookie');
    assert.equal((await me(shown(other), i % 2)).status, 200);
    assert.equal((await call(base, 'DELETE', '/v1/sessions/current', { headers: shown(other, { unsafe: true }) })).status, 204);
    await until('the other is refused', async () => (await me(shown(other), i % 2)).status === 401, revokedMs);
    assert.equal((await me(shown(cookie), i % 2)).status, 200);
  }
  const listed = await must(base, 'GET', '/v1/sessions', { headers: shown(cookie) });
  assert.equal(listed.items.find((one) => one.current)?.kind, 'cookie');
});
