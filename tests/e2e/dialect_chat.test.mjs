// dialect_chat - clients that know people by mail address, make friends of them, and chat with friends; each test is a row of the
// contract. How its paths treat bodies and methods in general is here too.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { must } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { ask, fresh, writings } from './lib/dialect.mjs';
import { basic } from './lib/credentials.mjs';
import { mailTo } from './lib/mails.mjs';
import { Speaker } from './lib/speaker.mjs';

const auth = '/api/rest-auth';
const revokedMs = 5000;

let cluster;
let base;
before(async () => {
  cluster = await Cluster.start();
  base = cluster.url();
});
after(() => cluster?.destroy());

const said = (answer) => [answer.status, answer.json];
const required = ['This field is required.'];
const notFound = [404, { detail: 'Not found.' }];
const silent = (status) => [status, ''];
const mute = (answer) => [answer.status, answer.text];

const register = (fields, more) => ask(base, 'POST', `${auth}/registration/`, fields, more);
const login = (fields, more) => ask(base, 'POST', `${auth}/login/`, fields, more);
const get = (who, path) => ask(base, 'GET', path, undefined, { as: who.as });
const post = (who, path, body, more = {}) => ask(base, 'POST', path, body, { as: who.as, ...more });
const addressOf = (name) => `${name}.${randomUUID().slice(0, 8)}@example.org`;

// Somebody who registered: { email, password, username, key, as, cookies } and the six members that users have.
async function someone(name = 'fran') {
  const who = { email: addressOf('one'), password: `correct horse ${randomUUID()}` };
  const answer = await register({ email: who.email, password1: who.password, password2: who.password, username: name });
  assert.equal(answer.status, 201, answer.text);
  const self = { ...who, key: answer.json.key, as: `Token ${answer.json.key}`, cookies: answer.cookies };
  return { ...self, ...(await get(self, '/api/user/currentuser/')).json };
}

const invite = (asker, asked) => post(asker, '/api/user/friends/', { user_uuid: asked.uuid });
const answer = (who, contact_id, decision) => post(who, '/api/user/invitations/', { decision, contact_id });

// The chat that two have once they are friends.
async function befriend(asker, asked) {
  assert.equal((await invite(asker, asked)).status, 201);
  const [{ id }] = (await get(asked, '/api/user/invitations/')).json;
  const accepted = await answer(asked, id, true);
  assert.equal(accepted.status, 201, accepted.text);
  return { id, room: accepted.json };
}

const group = async (who, name) => (await post(who, '/api/chat/mychats/groups/', { name })).json;
const userUrl = (who) => `${base}/api/user/${who.uuid}/`;

// ---- accounts

test('S2-01 registering gives a key and the cookies of a session, however the body is written', async () => {
  for (const way of Object.keys(writings)) {
    const email = addressOf(way);
    const made = await register({ email, password1: 'wonder & land', password2: 'wonder & land' }, { way });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(Object.keys(made.json), ['key']);
    assert.match(made.json.key, /^[0-9a-f]{40}$/);
    assert.equal(made.cookies.sessionid.attributes.has('httponly'), true);
    assert.equal(made.cookies.sessionid.attributes.get('samesite'), 'Lax');
    assert.ok(made.cookies.csrftoken.value);
    const self = await get({ as: `Token ${made.json.key}` }, '/api/user/currentuser/');
    assert.deepEqual([self.json.email, self.json.username], [email, email.slice(0, email.indexOf('@'))]);
  }
});

test('S2-01 registering again under one Idempotency-Key gives the same answer', async () => {
  const email = addressOf('twice');
  const fields = { email, password1: 'wonder & land', password2: 'wonder & land' };
  const headers = { 'idempotency-key': randomUUID() };
  const [first, second] = [await register(fields, { headers }), await register(fields, { headers })];
  assert.deepEqual(said(first), said(second));
  assert.equal(first.status, 201);
});

test('S2-02 registering names every field at fault', async () => {
  const taken = await someone();
  const good = { email: addressOf('good'), password1: 'wonder & land', password2: 'wonder & land' };
  const both = (password) => ({ password1: password, password2: password });
  for (const [fields, told] of [
    [{}, { email: required, password1: required, password2: required }],
    [{ ...good, email: 'nobody' }, { email: ['Enter a valid email address.'] }],
    [{ ...good, email: '' }, { email: ['This field may not be blank.'] }],
    [{ ...good, email: null, password1: [] }, { email: ['This field may not be null.'], password1: ['Not a valid string.'] }],
    [{ ...good, password2: 'another & land' }, { non_field_errors: ["The two password fields didn't match."] }],
    [{ ...good, ...both('Ab1-xyz') }, { password1: ['This password is too short. It must contain at least 8 characters.'] }],
    [{ ...good, ...both('password1') }, { password1: ['This password is too common.'] }],
    [{ ...good, ...both('83617492650') }, { password1: ['This password is entirely numeric.'] }],
    [{ ...good, ...both(good.email) }, { password1: ['The password is too similar to the email address.'] }],
    [{ ...good, email: taken.email.toUpperCase() }, { email: ['A user is already registered with this e-mail address.'] }],
    [{ ...good, username: 'x'.repeat(129) }, { username: ['Ensure this field has no more than 128 characters.'] }],
    [{ ...good, username: 'é'.repeat(65) }, { username: ['Ensure this field has no more than 128 characters.'] }],
    [{ ...good, username: 'a\u0007b' }, { username: ['Not a valid string.'] }],
    [[], { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }],
  ])
    assert.deepEqual(said(await register(fields)), [400, told], JSON.stringify(fields));
  const bad = await register({ ...good, ...both('123456') });
  assert.equal(bad.json.password1.length, 3);
});

test('S2-03 the link of the mail confirms the address, a wrong key does not', async () => {
  const who = await someone();
  const mail = await mailTo(cluster, who.email);
  const path = `${auth}/registration/account-confirm-email/${mail.key}/`;
  assert.ok(mail.text.includes(path), mail.text);
  const confirm = async (key) => said(await ask(base, 'GET', `${auth}/registration/account-confirm-email/${key}/`));
  assert.deepEqual(await confirm('nonsense'), [200, { confirmed: false }]);
  assert.deepEqual(await confirm('x'.repeat(200)), [200, { confirmed: false }]);
  assert.deepEqual(await confirm(mail.key), [200, { confirmed: true }]);
  assert.deepEqual(await confirm(mail.key), [200, { confirmed: true }], 'it is as confirmed as before');
});

test('S2-03 the key of the mail can be posted, a wrong one is not found', async () => {
  const who = await someone();
  const mail = await mailTo(cluster, who.email);
  const verify = async (fields) => said(await ask(base, 'POST', `${auth}/registration/verify-email/`, fields));
  assert.deepEqual(await verify({}), [400, { key: required }]);
  assert.deepEqual(await verify({ key: '' }), [400, { key: ['This field may not be blank.'] }]);
  assert.deepEqual(await verify({ key: 'nonsense' }), notFound);
  assert.deepEqual(await verify({ key: 'x'.repeat(200) }), notFound);
  assert.deepEqual(await verify({ key: mail.key }), [200, { detail: 'ok' }]);
});

test('S2-04 signing in gives the same key each time and a session, a wrong password nothing', async () => {
  const who = await someone();
  for (const way of Object.keys(writings)) {
    const fields = { email: who.email.toUpperCase(), password: who.password };
    const answered = await login(fields, { way });
    assert.deepEqual(said(answered), [200, { key: who.key }]);
    const cookie = `sessionid=${answered.cookies.sessionid.value}`;
    assert.equal((await ask(base, 'GET', '/api/user/currentuser/', undefined, { headers: { cookie } })).json.id, who.id);
  }
  const unable = [400, { non_field_errors: ['Unable to log in with provided credentials.'] }];
  assert.deepEqual(said(await login({ email: who.email, password: 'wrong' })), unable);
  assert.deepEqual(said(await login({ email: addressOf('nobody'), password: who.password })), unable);
});

test('S2-05 signing in needs address and password', async () => {
  const must = { non_field_errors: ['Must include "email" and "password".'] };
  for (const [fields, told] of [
    [{}, { password: required }],
    [{ email: 'a@example.org' }, { password: required }],
    [{ password: 'abc' }, must],
    [{ email: '', password: 'abc' }, must],
    [{ email: 'nobody', password: '' }, { email: ['Enter a valid email address.'], password: ['This field may not be blank.'] }],
  ])
    assert.deepEqual(said(await login(fields)), [400, told], JSON.stringify(fields));
});

// What needs a key, and which methods its path takes.
const closed = [
  ['GET', '/api/user/currentuser/', 'GET, HEAD, OPTIONS'],
  ['GET', `/api/user/${randomUUID()}/`, 'GET, HEAD, OPTIONS'],
  ['GET', '/api/user/search/fra/', 'GET, HEAD, OPTIONS'],
  ['GET', '/api/user/friends/', 'GET, HEAD, POST, OPTIONS'],
  ['POST', '/api/user/friends/', 'GET, HEAD, POST, OPTIONS'],
  ['GET', '/api/user/invitations/', 'GET, HEAD, POST, OPTIONS'],
  ['POST', '/api/user/invitations/', 'GET, HEAD, POST, OPTIONS'],
  ['GET', '/api/chat/mychats/', 'GET, HEAD, POST, OPTIONS'],
  ['POST', '/api/chat/mychats/', 'GET, HEAD, POST, OPTIONS'],
  ['GET', '/api/chat/mychats/private/', 'GET, HEAD, POST, OPTIONS'],
  ['POST', '/api/chat/mychats/groups/', 'GET, HEAD, POST, OPTIONS'],
  ['GET', `/api/chat/${randomUUID()}/`, 'GET, HEAD, POST, OPTIONS'],
  ['POST', `/api/chat/${randomUUID()}/`, 'GET, HEAD, POST, OPTIONS'],
  ['POST', `${auth}/password/change/`, 'POST, OPTIONS'],
  ['GET', '/accounts/profile/', 'GET, HEAD, OPTIONS'],
];
const sorted = (list) => list.split(', ').sort();

// The answer of every route that needs a key, to a client that shows `header`.
async function everywhere(header, told) {
  for (const [method, path, allow] of closed) {
    const refused = await ask(base, method, path, method === 'POST' ? {} : undefined, { as: header });
    assert.deepEqual(said(refused), [401, { detail: told }], `${method} ${path}`);
    assert.equal(refused.headers.get('www-authenticate'), 'Token');
    assert.deepEqual(sorted(refused.headers.get('allow')), sorted(allow), path);
  }
}

test('S2-06 without a key, and with a bad one, nothing is shown', async () => {
  await everywhere(undefined, 'Authentication credentials were not provided.');
  await everywhere(`Token ${'0'.repeat(40)}`, 'Invalid token.');
});

test('S2-07 a header without a key, or with two, is told so', async () => {
  await everywhere('Token', 'Invalid token header. No credentials provided.');
  await everywhere('Token a b', 'Invalid token header. Token string should not contain spaces.');
});

test('S2-06 other methods are refused with those that there are', async () => {
  const who = await someone();
  for (const [, path, allow] of [...closed, ['POST', `${auth}/login/`, 'POST, OPTIONS'], ['POST', `${auth}/registration/`, 'POST, OPTIONS'], ['POST', `${auth}/logout/`, 'POST, OPTIONS']])
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      if (sorted(allow).includes(method)) continue;
      const refused = await ask(base, method, path, undefined, { as: who.as });
      assert.deepEqual(said(refused), [405, { detail: `Method "${method}" not allowed.` }], `${method} ${path}`);
      assert.deepEqual(sorted(refused.headers.get('allow')), sorted(allow));
    }
});

test('S2-06 a profile is empty', async () => {
  const who = await someone();
  assert.deepEqual(mute(await get(who, '/accounts/profile/')), silent(200));
});

const isDead = (as, headers = {}) => until('the credential is dead', async () => (await ask(base, 'GET', '/api/user/currentuser/', undefined, { as, headers })).status === 401, revokedMs);

test('S2-08 signing out ends the key and the session; the next key is another', async () => {
  const who = await someone();
  const cookie = `sessionid=${who.cookies.sessionid.value}`;
  const other = await login({ email: who.email, password: who.password });
  const bystander = `sessionid=${other.cookies.sessionid.value}`;
  const out = await post(who, `${auth}/logout/`, {}, { headers: { cookie } });
  assert.deepEqual(said(out), [200, { detail: 'Successfully logged out.' }]);
  assert.equal(out.cookies.sessionid.attributes.get('max-age'), '0');
  await isDead(who.as);
  await isDead(undefined, { cookie });
  assert.deepEqual(said(await get(who, '/api/user/currentuser/')), [401, { detail: 'Invalid token.' }]);
  const still = await ask(base, 'GET', '/api/user/currentuser/', undefined, { headers: { cookie: bystander } });
  assert.equal(still.json.id, who.id, 'the session of another browser goes on');
  const again = await login({ email: who.email, password: who.password });
  assert.equal(again.status, 200);
  assert.notEqual(again.json.key, who.key);
});

test('S2-08 a browser signs out by its cookies alone when it proves that it meant to', async () => {
  const who = await someone();
  const { sessionid, csrftoken } = who.cookies;
  const cookie = `sessionid=${sessionid.value}; csrftoken=${csrftoken.value}`;
  const forged = await ask(base, 'POST', `${auth}/logout/`, {}, { headers: { cookie } });
  assert.equal(forged.status, 403);
  assert.match(forged.json.detail, /^CSRF Failed: /);
  const out = await ask(base, 'POST', `${auth}/logout/`, {}, { headers: { cookie, 'x-csrftoken': csrftoken.value } });
  assert.deepEqual(said(out), [200, { detail: 'Successfully logged out.' }]);
  await isDead(who.as);
  await isDead(undefined, { cookie });
});

test('S2-08 nobody may sign out too, but not with a bad key', async () => {
  for (const body of [undefined, {}, 'what it says does not matter']) assert.deepEqual(said(await ask(base, 'POST', `${auth}/logout/`, body)), [200, { detail: 'Successfully logged out.' }]);
  assert.deepEqual(said(await ask(base, 'POST', `${auth}/logout/`, {}, { as: `Token ${'0'.repeat(40)}` })), [401, { detail: 'Invalid token.' }]);
});

test('S2-09 another password is set without the old one, and signs in', async () => {
  const who = await someone();
  const change = (one, two = one) => post(who, `${auth}/password/change/`, { new_password1: one, new_password2: two });
  const told = (...sentences) => [400, { new_password2: sentences }];
  assert.deepEqual(said(await post(who, `${auth}/password/change/`, {})), [400, { new_password1: required, new_password2: required }]);
  assert.deepEqual(said(await change('wonder & land', 'another')), told('The two password fields didn’t match.'));
  assert.deepEqual(said(await change('Ab1-xyz')), told('This password is too short. It must contain at least 8 characters.'));
  assert.deepEqual(said(await change('password1')), told('This password is too common.'));
  assert.deepEqual(said(await change('83617492650')), told('This password is entirely numeric.'));
  assert.deepEqual(said(await change('wonder & land')), [200, { detail: 'New password has been saved.' }]);
  assert.equal((await get(who, '/api/user/currentuser/')).status, 200, 'the key that asked goes on');
  assert.equal((await login({ email: who.email, password: who.password })).status, 400);
  assert.equal((await login({ email: who.email, password: 'wonder & land' })).status, 200);
});

test('S2-09 an API token, which others may hold, does not become a password', async () => {
  const who = await someone();
  const { token } = await must(base, 'POST', '/v1/tokens', { headers: { authorization: who.as }, body: { name: 'robot', scopes: 'read write account' } });
  const robot = { as: `Bearer ${token}` };
  assert.equal((await get(robot, '/api/user/currentuser/')).json.id, who.id);
  const refused = await post(robot, `${auth}/password/change/`, { new_password1: 'wonder & land', new_password2: 'wonder & land' });
  assert.deepEqual(said(refused), [403, { detail: 'You do not have permission to perform this action.' }]);
  assert.equal((await login({ email: who.email, password: who.password })).status, 200);
});

// ---- people

const six = ['email', 'id', 'uuid', 'username', 'photo', 'is_active'];

test('S2-10 a user has six members, as oneself and as others', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  const self = await get(ann, '/api/user/currentuser/');
  assert.deepEqual(Object.keys(self.json), six);
  assert.deepEqual(self.json, { email: ann.email, id: ann.id, uuid: ann.uuid, username: 'ann', photo: null, is_active: true });
  assert.equal(typeof ann.id, 'number');
  const seen = await get(bob, `/api/user/${ann.uuid}/`);
  assert.deepEqual(said(seen), [200, self.json]);
  assert.deepEqual(said(await get(bob, `/api/user/${ann.uuid.toUpperCase()}/`)), [200, self.json]);
  assert.deepEqual(said(await get(bob, `/api/user/${randomUUID()}/`)), notFound);
  assert.equal((await get(bob, '/api/user/nonsense/')).status, 404);
});

test('S2-11 a search without its slash is sent on, and tells who is a friend', async () => {
  const [ann, bob, eve] = [await someone('ann'), await someone('Frankóbob'), await someone('frankóeve')];
  await befriend(ann, bob);
  const moved = await get(ann, '/api/user/search/FRANK%C3%93');
  assert.deepEqual([moved.status, moved.headers.get('location')], [301, '/api/user/search/FRANK%C3%93/']);
  const found = await get(ann, moved.headers.get('location'));
  assert.equal(found.status, 200, found.text);
  assert.deepEqual(Object.keys(found.json), ['count', 'next', 'previous', 'results']);
  assert.deepEqual([found.json.count, found.json.next, found.json.previous], [2, null, null]);
  assert.deepEqual(
    found.json.results.map((one) => [one.id, one.username, one.email, one.is_friend_of_current_user]),
    [[bob.id, 'Frankóbob', bob.email, true], [eve.id, 'frankóeve', eve.email, false]],
  );
  assert.deepEqual(Object.keys(found.json.results[0]), [...six, 'is_friend_of_current_user']);
});

test('S2-12 a search finds nobody with no content, and never who asks', async () => {
  const name = fresh('lonely');
  const who = await someone(name);
  assert.deepEqual(mute(await get(who, `/api/user/search/${name}/`)), silent(204));
  assert.deepEqual(mute(await get(who, `/api/user/search/${'x'.repeat(200)}/`)), silent(204));
});

test('S2-13 pages link to their neighbours', async () => {
  const who = await someone();
  const name = fresh('many').replace('_', '-');
  await Promise.all([...Array(12).keys()].map((n) => must(base, 'POST', '/v1/accounts', { body: { login: `${name}-${n}`, password: 'correct horse & battery' } })));
  const path = `/api/user/search/${name}/`;
  const page = async (query) => (await get(who, path + query)).json;
  const first = await page('');
  assert.deepEqual([first.count, first.results.length, first.next, first.previous], [12, 8, `${base}${path}?limit=8&offset=8`, null]);
  const second = await page('?limit=8&offset=8');
  assert.deepEqual([second.results.length, second.next, second.previous], [4, null, `${base}${path}?limit=8`]);
  const middle = await page('?limit=2&offset=4');
  assert.deepEqual([middle.results.length, middle.next, middle.previous], [2, `${base}${path}?limit=2&offset=6`, `${base}${path}?limit=2&offset=2`]);
  const beyond = await page('?offset=20');
  assert.deepEqual([beyond.count, beyond.results], [12, []]);
  assert.equal(new Set([...first.results, ...second.results].map((one) => one.uuid)).size, 12);
});

// ---- friends

test('S2-14 somebody is asked once, from either side', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  assert.deepEqual(mute(await invite(ann, bob)), silent(201));
  assert.deepEqual(mute(await invite(ann, bob)), silent(208));
  assert.deepEqual(mute(await invite(bob, ann)), silent(208));
  assert.deepEqual(said(await invite(ann, { uuid: randomUUID() })), notFound);
  assert.deepEqual(said(await invite(ann, ann)), notFound);
  const wrong = (fields) => post(ann, '/api/user/friends/', fields);
  assert.deepEqual(said(await wrong({})), [400, { user_uuid: required }]);
  assert.deepEqual(said(await wrong({ user_uuid: 'nonsense' })), [400, { user_uuid: ['Must be a valid UUID.'] }]);
  for (const way of ['form', 'multipart']) assert.equal((await post(ann, '/api/user/friends/', { user_uuid: (await someone()).uuid }, { way })).status, 201, way);
});

test('S2-15 who was asked sees by whom, who asked sees nothing', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  assert.deepEqual(mute(await get(bob, '/api/user/invitations/')), silent(204));
  await invite(ann, bob);
  const [one, ...more] = (await get(bob, '/api/user/invitations/')).json;
  assert.deepEqual([Object.keys(one), typeof one.id, one.first_user, one.second_user, more], [['id', 'first_user', 'second_user'], 'number', 'ann', 'bob', []]);
  assert.deepEqual(mute(await get(ann, '/api/user/invitations/')), silent(204));
});

test('S2-16 who accepts gets the chat of the two, once; who refuses removes the invitation', async () => {
  const [ann, bob, eve] = [await someone('ann'), await someone('bob'), await someone('eve')];
  const { id, room } = await befriend(ann, bob);
  assert.equal(room.is_group_chat, false);
  assert.deepEqual([...room.participants].sort(), [userUrl(ann), userUrl(bob)].sort());
  assert.deepEqual(said(await get(ann, `/api/chat/${room.uuid}/`)), [200, room]);
  assert.deepEqual(mute(await answer(bob, id, true)), silent(208));
  await invite(eve, bob);
  const [asked] = (await get(bob, '/api/user/invitations/')).json;
  assert.deepEqual(mute(await post(bob, '/api/user/invitations/', { decision: 'false', contact_id: asked.id }, { way: 'form' })), silent(200));
  assert.deepEqual(mute(await get(bob, '/api/user/invitations/')), silent(204));
  assert.deepEqual(said(await answer(bob, asked.id, true)), notFound);
});

test('S2-16 an answer that can not be read is refused without a word', async () => {
  const who = await someone();
  for (const fields of [{}, { decision: true }, { contact_id: 1 }, { decision: 'perhaps', contact_id: 1 }, { decision: true, contact_id: 'one' }])
    assert.deepEqual(mute(await post(who, '/api/user/invitations/', fields)), silent(400), JSON.stringify(fields));
  for (const id of [0, -1, 987654321]) assert.deepEqual(said(await answer(who, id, true)), notFound);
  const broken = await post(who, '/api/user/invitations/', '{bad');
  assert.equal(broken.status, 400);
  assert.match(broken.json.detail, /^JSON parse error - /);
});

test('S2-17 nobody answers for another', async () => {
  const [ann, bob, eve] = [await someone('ann'), await someone('bob'), await someone('eve')];
  await invite(ann, bob);
  const [{ id }] = (await get(bob, '/api/user/invitations/')).json;
  for (const stranger of [eve, ann]) for (const decision of [true, false]) assert.deepEqual(said(await answer(stranger, id, decision)), notFound);
  assert.equal((await answer(bob, id, true)).status, 201);
});

test('S2-18 friends are listed once they are some, on both sides', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  await invite(ann, bob);
  assert.deepEqual(mute(await get(ann, '/api/user/friends/')), silent(204));
  const [{ id }] = (await get(bob, '/api/user/invitations/')).json;
  await answer(bob, id, true);
  for (const [who, friend] of [[ann, bob], [bob, ann]]) {
    const { email, id, uuid, username, photo, is_active } = friend;
    assert.deepEqual(said(await get(who, '/api/user/friends/')), [200, { count: 1, next: null, previous: null, results: [{ email, id, uuid, username, photo, is_active }] }]);
  }
});

// ---- chats

// Posts as a native client would.
const write = (who, room, body) => must(base, 'POST', `/v1/rooms/${room.id}/messages`, { headers: { authorization: who.as }, body: { send_id: randomUUID(), body } });

test('S2-19 one\'s chats are listed by kind, latest active first', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  const list = async (path, query = '') => (await get(ann, `/api/chat/mychats/${path}${query}`)).json;
  for (const path of ['', 'private/', 'groups/']) assert.deepEqual(mute(await get(ann, `/api/chat/mychats/${path}`)), silent(204));
  assert.deepEqual(mute(await get(ann, '/api/chat/mychats/others/')), silent(400));
  const { room } = await befriend(ann, bob);
  const [first, second] = [await group(ann, 'first'), await group(ann, 'second')];
  const uuids = (page) => page.results.map((one) => one.uuid);
  assert.deepEqual(uuids(await list('')), [second.uuid, first.uuid, room.uuid]);
  assert.deepEqual(uuids(await list('private/')), [room.uuid]);
  assert.deepEqual(uuids(await list('groups/')), [second.uuid, first.uuid]);
  await write(ann, first, 'hello');
  const page = await list('');
  assert.deepEqual(uuids(page), [first.uuid, second.uuid, room.uuid]);
  assert.deepEqual(Object.keys(page.results[0]), ['id', 'uuid', 'name', 'is_group_chat', 'last_activity_date', 'lastmessage']);
  assert.deepEqual([page.results[0].lastmessage, page.results[1].lastmessage], ['hello', 'None']);
  const piece = await list('', '?limit=1&offset=1');
  assert.deepEqual([piece.count, uuids(piece), piece.next, piece.previous], [3, [second.uuid], `${base}/api/chat/mychats/?limit=1&offset=2`, `${base}/api/chat/mychats/?limit=1`]);
  const many = await list('', '?limit=1000');
  assert.equal(many.results.length, 3);
});

test('S2-20 a group begins with its maker, and needs a name', async () => {
  const who = await someone();
  for (const way of Object.keys(writings)) {
    const made = await post(who, '/api/chat/mychats/groups/', { name: ' A group é ' }, { way });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.json.name, made.json.is_group_chat, made.json.participants], ['A group é', true, [userUrl(who)]]);
  }
  for (const fields of [{}, { name: '' }, { name: null }, { name: 'x'.repeat(51) }, []]) assert.equal((await post(who, '/api/chat/mychats/groups/', fields)).status, 400, JSON.stringify(fields));
  assert.deepEqual(mute(await post(who, '/api/chat/mychats/groups/', {})), silent(400));
  for (const path of ['', 'private/', 'others/']) assert.deepEqual(mute(await post(who, `/api/chat/mychats/${path}`, { name: 'group' })), silent(400), path);
});

test('S2-20 a group has a name of fifty characters of any script', async () => {
  const who = await someone();
  for (const letter of ['x', 'é', '語', '😀']) {
    const made = await post(who, '/api/chat/mychats/groups/', { name: letter.repeat(50) });
    assert.deepEqual([made.status, made.json?.name], [201, letter.repeat(50)], letter);
  }
});

test('S2-21 a chat shows its people by address, and its last message', async () => {
  const who = await someone();
  const room = await group(who, 'group');
  assert.deepEqual(Object.keys(room), ['id', 'uuid', 'name', 'is_group_chat', 'participants', 'last_activity_date', 'lastmessage']);
  assert.equal(typeof room.id, 'number');
  assert.match(room.uuid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  assert.match(room.last_activity_date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/);
  assert.equal(room.lastmessage, 'None');
  assert.equal((await get(who, new URL(room.participants[0]).pathname)).json.id, who.id);
  await write(who, room, 'first');
  await write(who, room, 'a "last" one');
  const seen = (await get(who, `/api/chat/${room.uuid}/`)).json;
  assert.equal(seen.lastmessage, 'a "last" one');
  assert.ok(seen.last_activity_date > room.last_activity_date);
});

test('S2-22 a chat is closed to who takes no part', async () => {
  const [ann, eve] = [await someone('ann'), await someone('eve')];
  const room = await group(ann, 'group');
  const native = await must(base, 'POST', '/v1/rooms', { headers: { authorization: ann.as }, body: { name: 'native', kind: 'group' } });
  assert.deepEqual(said(await get(eve, `/api/chat/${room.uuid}/`)), [400, { error: 'No access!' }]);
  assert.deepEqual(said(await get(eve, `/api/chat/${randomUUID()}/`)), notFound);
  assert.equal((await get(eve, `/api/chat/${room.id}/`)).status, 404);
  assert.ok(!(await get(ann, '/api/chat/mychats/')).json.results.some((one) => one.id === Number(native.id)), 'native rooms are not of this dialect');
});

test('S2-23 a friend is added to a group once, and nobody else', async () => {
  const [ann, bob, eve] = [await someone('ann'), await someone('bob'), await someone('eve')];
  const { room: pair } = await befriend(ann, bob);
  const room = await group(ann, 'group');
  const add = (who, whom, where = room, more = {}) => post(who, `/api/chat/${where.uuid}/`, { user_uuid: whom.uuid }, more);
  assert.deepEqual(mute(await add(ann, eve)), silent(400));
  assert.deepEqual(said(await add(eve, bob)), [400, { error: 'No access!' }]);
  assert.deepEqual(mute(await add(ann, bob, room, { way: 'multipart' })), silent(200));
  assert.deepEqual(mute(await add(ann, bob)), silent(208));
  assert.deepEqual((await get(bob, `/api/chat/${room.uuid}/`)).json.participants, [userUrl(ann), userUrl(bob)]);
  assert.deepEqual(mute(await add(ann, bob, pair)), silent(208));
  assert.deepEqual(mute(await add(ann, eve, pair)), silent(208));
  assert.deepEqual((await get(ann, `/api/chat/${pair.uuid}/`)).json.participants.length, 2);
  assert.deepEqual(said(await add(ann, { uuid: randomUUID() })), notFound);
  assert.deepEqual(said(await add(ann, bob, { uuid: randomUUID() })), notFound);
  assert.deepEqual(said(await post(ann, `/api/chat/${room.uuid}/`, {})), [400, { user_uuid: required }]);
  assert.deepEqual(said(await post(ann, `/api/chat/${room.uuid}/`, { user_uuid: 'x' })), [400, { user_uuid: ['Must be a valid UUID.'] }]);
});

// ---- sockets

const cookieOf = (who) => ({ headers: { cookie: `sessionid=${who.cookies.sessionid.value}` } });
const enter = (who, room) => Speaker.open(base, `${room.uuid}/`, cookieOf(who));
const fetch = async (socket, stamp) => {
  socket.send({ command: 'fetch_messages', last_message_time_stamp: stamp });
  return socket.next();
};
const say = async (socket, message) => {
  socket.send({ command: 'new_message', message });
  return socket.next();
};
const stampForm = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/;

test('S2-24 a socket is opened for who takes part, by cookie or key, in silence; for nobody else', async () => {
  const [ann, bob, eve] = [await someone('ann'), await someone('bob'), await someone('eve')];
  const { room } = await befriend(ann, bob);
  for (const [name, options] of [
    [`${room.uuid}/`, cookieOf(ann)],
    [`${room.uuid}/`, { headers: { authorization: bob.as } }],
    [`${room.uuid}/?token=${bob.key}`, {}],
    [`${room.uuid.toUpperCase()}/`, cookieOf(bob)],
  ]) {
    const socket = await Speaker.open(base, name, options);
    assert.deepEqual(await socket.rest(), [], name);
    socket.close();
  }
  const began = Date.now();
  const refused = [
    [`${room.uuid}/`, {}],
    [`${room.uuid}/`, cookieOf(eve)],
    [`${room.uuid}/?token=${eve.key}`, {}],
    [`${room.uuid}/?token=${'0'.repeat(40)}`, {}],
    [`${room.uuid}/`, { headers: { cookie: 'sessionid=nonsense' } }],
    [`${randomUUID()}/`, cookieOf(ann)],
  ];
  for (const [name, options] of refused) assert.equal(await Speaker.refused(base, name, options), 403, name);
  assert.ok(Date.now() - began < 1000 * refused.length);
  assert.equal(await Speaker.refused(base, room.uuid, cookieOf(ann)), 404, 'without the final slash there is nothing');
});

test('S2-24 who is added may come in, who is removed has to leave', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  await befriend(ann, bob);
  const room = await group(ann, 'group');
  assert.equal(await Speaker.refused(base, `${room.uuid}/`, cookieOf(bob)), 403);
  assert.equal((await post(ann, `/api/chat/${room.uuid}/`, { user_uuid: bob.uuid })).status, 200);
  const socket = await enter(bob, room);
  assert.equal((await ask(base, 'DELETE', `/v1/rooms/${room.id}/members/${bob.id}`, undefined, { as: ann.as })).status, 204);
  assert.equal(await socket.closed(), 4403);
});

test('S2-25 a chat without messages has none', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  const { room } = await befriend(ann, bob);
  const socket = await enter(ann, room);
  for (const stamp of ['0', 0, null, '', '2026-11-20T23:31:42.030597Z', '2026-11-20 23:31:42+00:00'])
    assert.deepEqual(await fetch(socket, stamp), { messages: [], command: 'fetch_messages', last_message_time_stamp: stamp, error: 'NO MESSAGES' });
  socket.close();
});

test('S2-26 messages are fetched in pages of 15, latest first, without a gap or a repeat', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  await befriend(ann, bob);
  const room = await group(ann, 'group');
  const socket = await enter(ann, room);
  for (let i = 0; i < 20; i++) socket.send({ command: 'new_message', message: `message ${i}` });
  for (let i = 0; i < 20; i++) assert.equal((await socket.next()).message.content, `message ${i}`);
  // What is no message takes no place in a page.
  assert.equal((await post(ann, `/api/chat/${room.uuid}/`, { user_uuid: bob.uuid })).status, 200);
  const other = await enter(bob, room);
  for (let i = 20; i < 33; i++) assert.equal((await say(other, `message ${i}`)).message.content, `message ${i}`);
  for (let i = 20; i < 33; i++) assert.equal((await socket.next()).message.content, `message ${i}`);
  const seen = [];
  let stamp = '0';
  for (const [count, error] of [[15, undefined], [15, undefined], [3, 'LAST PACKAGE']]) {
    const page = await fetch(socket, stamp);
    assert.deepEqual([page.command, page.messages.length, page.error], ['fetch_messages', count, error]);
    for (const one of page.messages) {
      assert.deepEqual(Object.keys(one), ['author_id', 'content', 'time_stamp']);
      assert.match(one.time_stamp, stampForm);
    }
    assert.equal(page.last_message_time_stamp, page.messages.at(-1).time_stamp);
    seen.push(...page.messages);
    stamp = page.last_message_time_stamp;
  }
  assert.deepEqual(seen.map((one) => one.content), [...Array(33).keys()].reverse().map((i) => `message ${i}`));
  assert.deepEqual([...new Set(seen.slice(0, 13).map((one) => one.author_id))], [bob.id]);
  assert.deepEqual([...new Set(seen.slice(13).map((one) => one.author_id))], [ann.id]);
  assert.deepEqual(await fetch(socket, stamp), { messages: [], command: 'fetch_messages', last_message_time_stamp: stamp, error: 'NO MESSAGES' });
  for (const one of [socket, other]) one.close();
});

test('S2-26 any time is a place between messages, however it is written', async () => {
  const ann = await someone('ann');
  const room = await group(ann, 'group');
  const socket = await enter(ann, room);
  const said = [];
  for (let i = 0; i < 3; i++) said.push((await say(socket, `message ${i}`)).message);
  assert.deepEqual(said.map((one) => one.time_stamp), [...said.map((one) => one.time_stamp)].sort());
  const { time_stamp } = said[2];
  const shifted = new Date(Date.parse(time_stamp.replace(' ', 'T')) + 2 * 3600000).toISOString().slice(0, 19);
  for (const stamp of [time_stamp, time_stamp.replace(' ', 'T'), time_stamp.replace(' ', 'T').replace('+00:00', 'Z'), `${shifted}${time_stamp.slice(19, 26)}+02:00`, time_stamp.slice(0, 26)]) {
    const page = await fetch(socket, stamp);
    assert.deepEqual(page.messages, [said[1], said[0]], stamp);
    assert.deepEqual([page.error, page.last_message_time_stamp], ['LAST PACKAGE', said[0].time_stamp]);
  }
  socket.close();
});

test('S2-26 pages of the longest texts are all there, and a socket can ask for many at once', async () => {
  const ann = await someone('ann');
  const room = await group(ann, 'group');
  const socket = await enter(ann, room);
  const text = (i) => `${i}`.padEnd(16384, i < 16 ? 'x' : '"');
  for (let i = 0; i < 32; i++) assert.equal((await say(socket, text(i))).message.content, text(i));
  let stamp = '0';
  let [left, page] = [32, undefined];
  while (left > 0) {
    page = await fetch(socket, stamp);
    assert.ok(page.messages.length > 0);
    for (const one of page.messages) assert.equal(one.content, text(--left));
    assert.equal(page.error, left > 0 || page.messages.length === 15 ? undefined : 'LAST PACKAGE');
    stamp = page.last_message_time_stamp;
  }
  for (let i = 0; i < 20; i++) socket.send({ command: 'fetch_messages', last_message_time_stamp: '0' });
  for (let i = 0; i < 20; i++) assert.equal((await socket.next()).messages[0].content, text(31));
  socket.close();
});

test('S2-27 zero, nothing and the current time ask for the latest page', async () => {
  const ann = await someone('ann');
  const room = await group(ann, 'group');
  const socket = await enter(ann, room);
  for (let i = 0; i < 16; i++) await say(socket, `message ${i}`);
  const latest = [...Array(15).keys()].map((i) => `message ${15 - i}`);
  const now = () => new Date(Date.now() + 1000).toISOString();
  for (const stamp of ['0', 0, null, '', undefined, now(), now().replace('T', ' ').replace('Z', '+00:00')]) {
    const page = await fetch(socket, stamp);
    assert.deepEqual(page.messages.map((one) => one.content), latest, `${stamp}`);
    assert.equal(page.error, undefined);
  }
  for (const stamp of ['yesterday', 5, true, [], {}, '2026-13-01T00:00:00Z', '1'.repeat(1000)]) {
    assert.deepEqual(await fetch(socket, stamp), { error: 'last_message_time_stamp is not a time.' }, `${stamp}`);
  }
  socket.close();
});

test('S2-28 what one says all hear, it is kept, and the chat becomes the latest of the list', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  const { room } = await befriend(ann, bob);
  const later = await group(ann, 'later');
  const list = async () => (await get(ann, '/api/chat/mychats/')).json.results;
  assert.deepEqual((await list()).map((one) => one.uuid), [later.uuid, room.uuid]);
  const sockets = [await enter(ann, room), await enter(bob, room)];
  const odd = 'a "quoted" \\ line\n\u0001 é 語 😀';
  sockets[1].send({ command: 'new_message', message: odd });
  const [heard, heardToo] = [await sockets[0].next(), await sockets[1].next()];
  assert.deepEqual(heard, heardToo);
  assert.deepEqual(Object.keys(heard), ['message', 'command']);
  assert.equal(heard.command, 'new_message');
  assert.deepEqual({ ...heard.message, time_stamp: '' }, { author_id: bob.id, content: odd, time_stamp: '' });
  assert.match(heard.message.time_stamp, stampForm);
  assert.deepEqual((await fetch(sockets[0], '0')).messages, [heard.message]);
  const [first, second] = await list();
  assert.deepEqual([first.uuid, first.lastmessage, second.uuid], [room.uuid, odd, later.uuid]);
  assert.equal(first.last_activity_date.replace('T', ' ').replace('Z', ''), heard.message.time_stamp.replace('+00:00', '').replace('.000000', ''));
  // Words of native clients are heard too.
  await write(ann, room, 'from elsewhere');
  for (const socket of sockets) {
    assert.deepEqual((({ author_id, content }) => [author_id, content])((await socket.next()).message), [ann.id, 'from elsewhere']);
    assert.deepEqual(await socket.rest(), []);
    socket.close();
  }
});

test('S2-29 what is no command is told, and the socket still works', async () => {
  const ann = await someone('ann');
  const room = await group(ann, 'group');
  const socket = await enter(ann, room);
  for (const [frame, error] of [
    ['not json', 'Invalid JSON format.'],
    ['[]', 'A JSON object is required.'],
    ['{}', 'command is required.'],
    ['{"command":5}', 'command is required.'],
    ['{"command":"delete_messages"}', 'command is unknown.'],
    ['{"command":"new_message"}', 'message is required.'],
    ['{"command":"new_message","message":{}}', 'message is required.'],
    [Buffer.from('{"command":"fetch_messages"}'), 'Text messages only.'],
  ]) {
    socket.send(frame);
    assert.deepEqual(await socket.next(), { error }, `${frame}`);
  }
  for (const message of ['', 'x'.repeat(16385)]) assert.deepEqual(Object.keys(await say(socket, message)), ['error']);
  assert.equal((await say(socket, 'still here')).message.content, 'still here');
  assert.equal((await fetch(socket, '0')).messages.length, 1);
  socket.close();
});

// ---- beside the other interfaces

// Routes that read a body.
const reading = [
  ...['registration/', 'registration/verify-email/', 'login/', 'password/change/'].map((path) => `${auth}/${path}`),
  '/api/user/friends/', '/api/user/invitations/', '/api/chat/mychats/groups/', `/api/chat/${randomUUID()}/`,
];

test('G-01, G-02 and G-04 bodies that can not be read are told so, with the final slash and without', async () => {
  const who = await someone();
  for (const path of reading.flatMap((one) => [one, one.slice(0, -1)])) {
    const broken = await post(who, path, '{bad');
    assert.equal(broken.status, 400, path);
    assert.match(broken.json.detail, /^JSON parse error - /);
    const odd = await post(who, path, 'text', { headers: { 'content-type': 'text/plain' } });
    assert.deepEqual(said(odd), [415, { detail: 'Unsupported media type "text/plain" in request.' }], path);
  }
});

test('G-09 an account signs in here and natively, wherever it was made', async () => {
  const here = await someone();
  assert.equal((await ask(base, 'POST', '/v1/sessions', { identifier: here.email, password: here.password })).status, 201);
  assert.equal((await ask(base, 'POST', '/api/token/', { username: here.email, password: here.password })).status, 200);
  assert.equal((await ask(base, 'POST', '/login/', { username: here.email, password: here.password })).json.token, here.key);
  const there = { email: addressOf('native'), password: 'correct horse & battery' };
  await must(base, 'POST', '/v1/accounts', { body: there });
  assert.equal((await login(there)).status, 200);
});

test('G-10 every kind of credential shows who one is', async () => {
  const who = await someone();
  const grant = async (kind) => (await ask(base, 'POST', '/v1/sessions', { identifier: who.email, password: who.password, kind })).json;
  const shown = [who.as, `token ${who.key}`, `Token ${(await grant('knox')).token}`, `Bearer ${(await grant('session')).access}`, basic({ login: who.email, password: who.password }).authorization];
  for (const as of shown) assert.equal((await get({ as }, '/api/user/currentuser/')).json.id, who.id, as.slice(0, 8));
});

test('G-11 a change that a cookie alone speaks for needs the proof of it, a key does not', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  const cookie = `sessionid=${ann.cookies.sessionid.value}`;
  const forged = await ask(base, 'POST', '/api/user/friends/', { user_uuid: bob.uuid }, { headers: { cookie } });
  assert.equal(forged.status, 403);
  assert.match(forged.json.detail, /^CSRF Failed: /);
  assert.equal((await post(ann, '/api/user/friends/', { user_uuid: bob.uuid }, { headers: { cookie } })).status, 201);
  const signedIn = await login({ email: ann.email, password: ann.password }, { headers: { cookie } });
  assert.equal(signedIn.status, 200, 'signing in needs none');
});
