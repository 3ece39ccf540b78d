// accounts - registration, mail, passwords forgotten and reset, deletion, administration and search.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { call, must, person, roomOf } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { Socket, shown, signIn } from './lib/credentials.mjs';
import { historyOf } from './lib/history.mjs';
import { mailTo, mailsTo } from './lib/mails.mjs';
import { secretFile, staffEnv, staffOf } from './lib/staff.mjs';

const revokedMs = 5000;
const farewellMs = 20000;

let cluster;
let base;
let staff;
before(async () => {
  const demo = secretFile('alice:wonderland alice,bob:wonderland bob');
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_RATE_LIMITS: 'off', PARLEY_AUTHS: '2', PARLEY_DEMO_USERS_FILE: demo, ...staffEnv() } });
  base = cluster.url();
  staff = await staffOf(cluster);
});
after(() => cluster?.destroy());

const addressOf = (name) => `${name}.${randomUUID().slice(0, 8)}@example.org`;
const register = (body) => call(base, 'POST', '/v1/accounts', { body });
const signInBy = (identifier, password) => call(base, 'POST', '/v1/sessions', { body: { identifier, password, device: 'test' } });
const asStaff = (method, path, body) => call(base, method, path, { token: staff.access, body });

test('the bootstrap administrator and the demo users are there once, though two instances of auth made them', async () => {
  assert.equal(staff.staff, true);
  for (const [login, password] of [['alice', 'wonderland alice'], ['bob', 'wonderland bob']]) assert.equal((await signInBy(login, password)).status < 300, true, login);
  const found = await must(base, 'GET', '/v1/admin/accounts?q=alice', { token: staff.access });
  assert.equal(found.items.filter((one) => one.login === 'alice').length, 1);
});

test('a password that is short, common, of digits alone or like the login is refused field by field', async () => {
  const login = `carol_${randomUUID().slice(0, 8)}`;
  for (const [password, code] of [['short', 'too_short'], ['password1', 'common'], ['83617492650', 'numeric'], [login, 'similar']]) {
    const refused = await register({ login, password });
    assert.equal(refused.status, 422, password);
    assert.ok(refused.json.errors.some((one) => one.field === 'password' && one.code === code), `${password}: ${refused.text}`);
  }
});

test('a login or an address that is taken, in any case, is told by field', async () => {
  const ann = await person(base, 'ann');
  const email = addressOf('taken');
  assert.equal((await register({ email, password: 'correct horse battery' })).status, 201);
  for (const [body, field] of [[{ login: ann.login.toUpperCase() }, 'login'], [{ email: email.toUpperCase() }, 'email']]) {
    const refused = await register({ ...body, password: 'correct horse battery' });
    assert.deepEqual([refused.status, refused.json.errors?.[0]?.field, refused.json.errors?.[0]?.code], [409, field, 'taken'], refused.text);
  }
});

test('a registration with an address sends a mail whose key confirms it, once', async () => {
  const email = addressOf('dora');
  const account = (await register({ email, name: 'Dora', password: 'correct horse battery' })).json;
  assert.equal(account.email_confirmed ?? false, false);
  const mail = await mailTo(cluster, email);
  for (const header of ['from', 'to', 'subject', 'date', 'message-id']) assert.ok(mail.headers[header], header);
  assert.equal(mail.mode, 0o600);
  const forged = `${mail.key.slice(0, -2)}${mail.key.at(-2) === '3' ? '4' : '3'}${mail.key.at(-1)}`;
  assert.equal((await call(base, 'POST', '/v1/accounts/confirm', { body: { token: forged } })).status >= 400, true);
  const confirmed = await call(base, 'POST', '/v1/accounts/confirm', { body: { token: mail.key } });
  assert.equal(confirmed.status, 200, confirmed.text);
  const grant = (await signInBy(email, 'correct horse battery')).json;
  assert.equal((await must(base, 'GET', '/v1/accounts/me', { token: grant.access })).email_confirmed, true);
  assert.equal((await call(base, 'POST', '/v1/accounts/confirm', { body: { token: mail.key } })).status >= 400, true);
});

test('a password is reset by mail; all sessions end, the key works once, strangers learn nothing', async () => {
  const email = addressOf('emma');
  await register({ email, password: 'correct horse battery' });
  await mailTo(cluster, email);
  const session = (await signInBy(email, 'correct horse battery')).json;
  const socket = new Socket(cluster.ws(1), { headers: { authorization: `Bearer ${session.access}` } });
  assert.equal(await socket.opened, 101);
  const [known, unknown] = [await call(base, 'POST', '/v1/passwords/resets', { body: { email } }), await call(base, 'POST', '/v1/passwords/resets', { body: { email: addressOf('nobody') } })];
  assert.deepEqual([known.status, known.text], [202, unknown.text]);
  assert.equal(unknown.status, 202);
  const { key } = await mailTo(cluster, email, 2);
  const reset = (body) => call(base, 'POST', '/v1/passwords/reset', { body });
  assert.equal((await reset({ token: key, password: '12345678' })).status, 422);
  assert.equal((await reset({ token: key, password: 'another horse battery' })).status, 204);
  assert.equal(await socket.closed, 4401);
  assert.equal((await call(base, 'POST', '/v1/sessions/refresh', { body: { refresh: session.refresh } })).status, 401);
  assert.equal((await signInBy(email, 'correct horse battery')).status, 401);
  assert.equal((await signInBy(email, 'another horse battery')).status < 300, true);
  assert.equal((await reset({ token: key, password: 'a third horse battery' })).status >= 400, true);
  assert.equal((await signInBy(email, 'a third horse battery')).status, 401);
});

test('an address gets one mail a minute, and the answer does not tell', async () => {
  const email = addressOf('fred');
  await register({ email, password: 'correct horse battery' });
  await mailTo(cluster, email);
  for (let i = 0; i < 3; i++) assert.equal((await call(base, 'POST', '/v1/passwords/resets', { body: { email } })).status, 202);
  await mailTo(cluster, email, 2);
  // The next account's mail is behind those that were asked for.
  const other = addressOf('later');
  await register({ email: other, password: 'correct horse battery' });
  await mailTo(cluster, other);
  assert.equal(mailsTo(cluster, email).length, 2);
});

test('another address counts once its mail is answered, and needs the password', async () => {
  const ann = await person(base, 'ann');
  const email = addressOf('new');
  const set = (password) => call(base, 'PUT', '/v1/accounts/me/email', { token: ann.access, body: { email, password } });
  assert.equal((await set('not this one')).status, 422);
  assert.ok([202, 204].includes((await set(ann.password)).status));
  assert.equal((await must(base, 'GET', '/v1/accounts/me', { token: ann.access })).email, undefined);
  const { key } = await mailTo(cluster, email);
  assert.equal((await call(base, 'POST', '/v1/accounts/confirm', { body: { token: key } })).status, 200);
  const after = await must(base, 'GET', '/v1/accounts/me', { token: ann.access });
  assert.deepEqual([after.email, after.email_confirmed], [email, true]);
});

test('a deleted account ends everywhere; what it wrote stays, an heir owns its rooms', async () => {
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((name) => person(base, name)));
  const room = await roomOf(base, [ann, bob, eve]);
  await must(base, 'POST', `/v1/rooms/${room.id}/messages`, { token: ann.access, body: { send_id: '1', body: 'it stays' } });
  const direct = await must(base, 'POST', '/v1/rooms', { token: ann.access, body: { kind: 'direct', members: [bob.id] } });
  const socket = new Socket(cluster.ws(1), { headers: { authorization: `Bearer ${ann.access}` } });
  assert.equal(await socket.opened, 101);
  assert.equal((await call(base, 'DELETE', '/v1/accounts/me', { token: ann.access, body: { password: 'not this one' } })).status, 422);
  assert.equal((await call(base, 'DELETE', '/v1/accounts/me', { token: ann.access, body: { password: ann.password } })).status, 204);
  assert.equal(await socket.closed, 4401);
  assert.equal((await signInBy(ann.login, ann.password)).status, 401);
  const shownTo = await must(base, 'GET', `/v1/accounts/${ann.id}`, { token: bob.access });
  assert.deepEqual([shownTo.deleted, shownTo.login, shownTo.name || undefined], [true, undefined, undefined]);
  const members = await until('the membership has ended', async () => {
    const page = await must(base, 'GET', `/v1/rooms/${room.id}/members`, { token: bob.access });
    return page.items.every((one) => one.account !== ann.id) ? page.items : null;
  }, farewellMs, 200);
  assert.deepEqual(members.filter((one) => one.role === 'owner').map((one) => one.account), [bob.id]);
  const items = await historyOf(base, bob.access, room.id);
  assert.ok(items.some((item) => item.body === 'it stays' && item.sender === ann.id));
  assert.deepEqual(items.filter((item) => item.kind === 'member').slice(-2).map((item) => [item.what, item.account]), [['role', bob.id], ['left', ann.id]]);
  const pair = await must(base, 'GET', `/v1/rooms/${direct.id}/members`, { token: bob.access });
  assert.equal(pair.items.length, 2);
  assert.equal((await register({ login: ann.login, password: 'somebody else now' })).status, 201);
});

test('accounts are found by a part of login, name or nickname in any case; addresses are for staff alone', async () => {
  const word = randomUUID().slice(0, 8);
  const email = addressOf('ginny');
  const ginny = (await register({ login: `g_${word}`, email, name: `Ginny ${word.toUpperCase()} Weasley`, nickname: `Gin-${word}`, password: 'correct horse battery' })).json;
  const ann = await person(base, 'ann');
  const find = async (q, who = ann, path = '/v1/accounts') => (await must(base, 'GET', `${path}?q=${encodeURIComponent(q)}`, { token: who.access })).items;
  for (const q of [word, word.toUpperCase(), `nny ${word}`, `in-${word}`]) assert.deepEqual((await find(q)).map((one) => one.id), [ginny.id], q);
  const [seen] = await find(word);
  assert.deepEqual([seen.email, seen.active, seen.staff], [undefined, undefined, undefined]);
  assert.match(seen.uuid, /^[0-9a-f-]{36}$/);
  assert.deepEqual(await find(email), []);
  const [asAdmin] = await find(email, staff, '/v1/admin/accounts');
  assert.deepEqual([asAdmin?.id, asAdmin?.email, asAdmin?.active], [ginny.id, email, true]);
});

test('staff deactivates an account: its sockets close, nothing of it is accepted; active again, it signs in', async () => {
  const ann = await person(base, 'ann');
  const knox = await signIn(base, ann, 'knox');
  const token = await must(base, 'POST', '/v1/tokens', { token: ann.access, body: { name: 'script', scopes: 'read account' } });
  const socket = new Socket(cluster.ws(1), { headers: { authorization: `Bearer ${ann.access}` } });
  assert.equal(await socket.opened, 101);
  assert.equal((await asStaff('PATCH', `/v1/admin/accounts/${ann.id}`, { active: false })).json.active, false);
  assert.equal(await socket.closed, 4401);
  for (const headers of [shown(knox), { authorization: `Bearer ${ann.access}` }, { authorization: `Token ${token.token}` }])
    await until('it is refused', async () => (await call(cluster.url(1), 'GET', '/v1/accounts/me', { headers })).status === 401, revokedMs);
  assert.equal((await signInBy(ann.login, ann.password)).status, 401);
  assert.equal((await asStaff('PATCH', `/v1/admin/accounts/${ann.id}`, { active: true })).json.active, true);
  assert.equal((await signInBy(ann.login, ann.password)).status < 300, true);
});

test('staff is made and unmade by staff, and the last one can not unmake itself', async () => {
  const ann = await person(base, 'ann');
  assert.equal((await asStaff('PATCH', `/v1/admin/accounts/${ann.id}`, { staff: true })).status, 200);
  const grant = (await signInBy(ann.login, ann.password)).json;
  assert.equal((await call(base, 'GET', '/v1/admin/accounts', { token: grant.access })).status, 200);
  assert.equal((await asStaff('PATCH', `/v1/admin/accounts/${ann.id}`, { staff: false })).status, 200);
  await until('it may no longer', async () => (await call(cluster.url(1), 'GET', '/v1/admin/accounts', { token: grant.access })).status >= 401, revokedMs);
  const last = await asStaff('PATCH', `/v1/admin/accounts/${staff.id}`, { staff: false });
  assert.ok(last.status >= 400 && last.status < 500, last.text);
  assert.equal((await asStaff('GET', `/v1/admin/accounts/${staff.id}`)).json.staff, true);
});

test('staff signs somebody out and deletes accounts, and the audit trail says who did what, without secrets', async () => {
  const [ann, bob] = [await person(base, 'ann'), await person(base, 'bob')];
  const socket = new Socket(cluster.ws(1), { headers: { authorization: `Bearer ${ann.access}` } });
  assert.equal(await socket.opened, 101);
  assert.equal((await asStaff('DELETE', `/v1/admin/accounts/${ann.id}/sessions`)).status, 204);
  assert.equal(await socket.closed, 4401);
  assert.equal((await asStaff('DELETE', `/v1/admin/accounts/${bob.id}`)).status, 204);
  await signInBy(ann.login, 'a typed secret that is wrong');
  const trail = await must(base, 'GET', `/v1/admin/audit?of=${ann.id}`, { token: staff.access });
  const what = trail.items.map((one) => one.what);
  for (const wanted of ['created', 'signed_in', 'signed_out']) assert.ok(what.includes(wanted), `${wanted} in ${what}`);
  assert.equal(trail.items.find((one) => one.what === 'signed_out').by, staff.id);
  // Of whom somebody guessed is not kept: guesses at accounts that are not there look the same.
  const all = await until(
    'the refused sign-in is in the trail',
    async () => {
      const page = await must(base, 'GET', '/v1/admin/audit', { token: staff.access });
      return page.items.some((one) => one.what === 'refused') ? page : null;
    },
    farewellMs,
    200,
  );
  assert.ok(all.items.filter((one) => one.what === 'refused').every((one) => one.account === undefined && one.address));
  assert.ok(!JSON.stringify(all).includes('typed secret'));
  const ofBob = await must(base, 'GET', `/v1/admin/audit?of=${bob.id}`, { token: staff.access });
  assert.ok(ofBob.items.some((one) => one.what === 'deleted' && one.by === staff.id));
});
