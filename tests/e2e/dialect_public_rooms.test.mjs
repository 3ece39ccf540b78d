// dialect_public_rooms - numbered rooms and what is said in them, over HTTP; each test is a row of the contract.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, must, person } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { basic, shown, signIn } from './lib/credentials.mjs';
import { ask, fresh, writings } from './lib/dialect.mjs';
import { staffEnv, staffOf } from './lib/staff.mjs';

const forbidden = { detail: 'You do not have permission to perform this action.' };
const notFound = { detail: 'Not found.' };
const notGiven = { detail: 'Authentication credentials were not provided.' };
const required = ['This field is required.'];
const blank = ['This field may not be blank.'];
const noPk = (pk) => [`Invalid pk "${pk}" - object does not exist.`];
const nobody = 999999999;

let cluster;
let base;
let staff;
let bob;
before(async () => {
  cluster = await Cluster.start({ env: staffEnv() });
  base = cluster.url();
  const overseer = await staffOf(cluster);
  staff = await signedIn(overseer.login, overseer.password);
  bob = await someone();
});
after(() => cluster?.destroy());

async function signedIn(username, password) {
  const grant = await must(base, 'POST', '/login/', { body: { username, password } });
  return { username, password, id: grant.user_id, is_admin: grant.is_admin, as: `Token ${grant.token}` };
}

async function someone() {
  const who = { username: fresh('some'), password: 'abc' };
  await must(base, 'POST', '/register/', { body: who });
  return signedIn(who.username, who.password);
}

const as = (who, method, path, body, more = {}) => ask(base, method, path, body, { as: who.as, ...more });
const said = (answer) => [answer.status, answer.json];

async function newRoom(fields = {}) {
  const answer = await as(staff, 'POST', '/rooms/', { name: fresh('room'), ...fields });
  assert.equal(answer.status, 201, answer.text);
  return answer.json;
}

const post = (who, room, content, more) => as(who, 'POST', `/messages/create/${room}/`, { content, ...more });
const history = (room) => ask(base, 'GET', `/messages/${room}/`);

test('S5-03 nobody, a bad token and a bad password are told apart, with 403 and no challenge', async () => {
  const told = async (authorization, path = '/rooms/') => {
    const answer = await ask(base, 'GET', path, undefined, { as: authorization });
    assert.equal(answer.headers.get('www-authenticate'), null);
    return said(answer);
  };
  for (const path of ['/rooms/', '/rooms/1/', '/rooms.json']) {
    assert.deepEqual(await told(undefined, path), [403, notGiven]);
    assert.deepEqual(await told(`Token ${'0'.repeat(40)}`, path), [403, { detail: 'Invalid token.' }]);
    assert.deepEqual(await told(basic({ login: bob.username }, 'wrong').authorization, path), [403, { detail: 'Invalid username/password.' }]);
  }
  for (const [method, path] of [['POST', '/rooms/'], ['PUT', '/rooms/1/'], ['DELETE', '/rooms/1/'], ['POST', '/rooms/1/join/']])
    assert.deepEqual(said(await ask(base, method, path, method === 'DELETE' ? undefined : {})), [403, notGiven]);
});

test('S5-04 the list is there for name and password alone', async () => {
  const answer = await ask(base, 'GET', '/rooms/', undefined, { as: basic({ login: bob.username, password: bob.password }).authorization });
  assert.equal(answer.status, 200);
  assert.ok(Array.isArray(answer.json));
});

test('G-10 G-11 every kind of credential is good for rooms; a cookie alone changes nothing without its CSRF token', async () => {
  const room = await newRoom();
  const who = { login: bob.username, password: bob.password };
  const path = `/rooms/${room.id}/join/`;
  for (const kind of ['session', 'authtoken', 'knox', 'cookie']) {
    const credential = await signIn(base, who, kind);
    assert.equal((await ask(base, 'GET', '/rooms/', undefined, { headers: shown(credential) })).status, 200, kind);
    assert.equal((await ask(base, 'POST', path, {}, { headers: shown(credential, { unsafe: true }) })).status, 200, kind);
    if (kind !== 'cookie') continue;
    const refused = await ask(base, 'POST', path, {}, { headers: shown(credential) });
    assert.equal(refused.status, 403);
    assert.match(refused.json.detail, /^CSRF Failed: /);
  }
  assert.equal((await ask(base, 'POST', path, {}, { headers: basic(who) })).status, 200);
});

test('S5-05 an administrator makes a room: seven keys, made by the caller whoever is named', async () => {
  assert.equal(staff.is_admin, true);
  const answer = await as(staff, 'POST', '/rooms/', { name: ' n2 ', topic: 'a "topic"\nof two lines', created_by: bob.id });
  assert.equal(answer.status, 201, answer.text);
  const { id, created_at: made, updated_at: updated, ...rest } = answer.json;
  assert.deepEqual(rest, { name: 'n2', topic: 'a "topic"\nof two lines', created_by: staff.id, users: [staff.id] });
  assert.equal(typeof id, 'number');
  assert.match(made, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/);
  assert.equal(updated, made);
  const bare = await newRoom({ created_by: undefined });
  assert.deepEqual([bare.created_by, bare.topic], [staff.id, '']);
});

test('S5-05 the body may be written in any way, and every field at fault is told', async () => {
  for (const way of Object.keys(writings)) {
    const answer = await as(staff, 'POST', '/rooms/', { name: `über ${way}`, created_by: String(bob.id) }, { way });
    assert.deepEqual([answer.status, answer.json.name, answer.json.created_by], [201, `über ${way}`, staff.id]);
  }
  const told = async (body) => said(await as(staff, 'POST', '/rooms/', body));
  assert.deepEqual(await told({}), [400, { name: required }]);
  assert.deepEqual(await told({ name: '  ', created_by: 'x' }), [400, { name: blank, created_by: ['Incorrect type. Expected pk value, received str.'] }]);
  assert.deepEqual(await told({ name: null, topic: [] }), [400, { name: ['This field may not be null.'], topic: ['Not a valid string.'] }]);
  const [status, { name }] = await told({ name: 'x'.repeat(1000) });
  assert.deepEqual([status, name.length], [400, 1]);
  assert.match(name[0], /^Ensure this field has no more than \d+ characters\.$/);
  assert.deepEqual(await told({ name: 'é'.repeat(128) }), [400, { name: ['This value is too long.'] }]);
  assert.deepEqual(await told({ name: 'n', created_by: nobody }), [400, { created_by: noPk(nobody) }]);
  assert.deepEqual(await told({ created_by: nobody }), [400, { name: required, created_by: noPk(nobody) }]);
  assert.deepEqual(await told({ name: '', created_by: bob.id }), [400, { name: blank }]);
  assert.deepEqual(await told([]), [400, { errors: ['Invalid data. Expected a dictionary, but got list.'] }]);
});

test('S5-06 one room is read, replaced, changed in part and deleted; then it is 404', async () => {
  const room = await newRoom({ topic: 'old' });
  const path = `/rooms/${room.id}/`;
  assert.deepEqual(said(await as(bob, 'GET', path)), [200, room]);
  const put = await as(staff, 'PUT', path, { name: 'put', topic: 'new' });
  assert.equal(put.status, 200);
  assert.deepEqual({ ...put.json, updated_at: '' }, { ...room, name: 'put', topic: 'new', updated_at: '' });
  assert.ok(put.json.updated_at > room.updated_at);
  const patched = await as(staff, 'PATCH', path, { topic: '' });
  assert.deepEqual([patched.status, patched.json.name, patched.json.topic], [200, 'put', '']);
  assert.equal((await as(staff, 'PATCH', path, {})).status, 200);
  assert.deepEqual(said(await as(staff, 'PUT', path, { topic: 'x' })), [400, { name: required }]);
  assert.deepEqual(said(await as(staff, 'PATCH', path, { name: '' })), [400, { name: blank }]);
  assert.deepEqual(said(await as(staff, 'PATCH', path, { created_by: nobody })), [400, { created_by: noPk(nobody) }]);
  assert.equal((await as(staff, 'PATCH', path, { created_by: bob.id })).json.created_by, staff.id);
  const gone = await as(staff, 'DELETE', path);
  assert.deepEqual([gone.status, gone.text], [204, '']);
  for (const [method, body] of [['GET'], ['PUT', {}], ['PATCH', {}], ['DELETE']]) assert.deepEqual(said(await as(staff, method, path, body)), [404, notFound]);
});

test('S5-06 the list is a bare array by id, of more than one page of the store, and is there under its other names', async () => {
  const made = [];
  for (let i = 0; i < 40; i++) made.push((await newRoom()).id);
  const list = await as(bob, 'GET', '/rooms/');
  assert.equal(list.status, 200);
  const ids = list.json.map((room) => room.id);
  assert.deepEqual(ids, [...new Set(ids)].sort((a, b) => a - b));
  assert.deepEqual(ids.slice(-40), made);
  assert.deepEqual(list.json.at(-1), (await as(bob, 'GET', `/rooms/${made.at(-1)}/`)).json);
  for (const path of ['/rooms.json', '/rooms/?format=json']) assert.deepEqual((await as(bob, 'GET', path)).json, list.json, path);
  assert.deepEqual((await as(bob, 'GET', `/rooms/${made[0]}.json`)).json.id, made[0]);
  assert.deepEqual((await as(bob, 'GET', `/rooms/?offset=${ids.length - 2}`)).json.map((room) => room.id), made.slice(-2));
  assert.equal(list.headers.get('link'), null);
});

test('S5-06 native rooms and rooms of other dialects are not there', async () => {
  const native = await must(base, 'POST', '/v1/rooms', { headers: { authorization: staff.as }, body: { name: 'native', kind: 'public' } });
  for (const [method, path, body] of [
    ['GET', '/rooms/$/'],
    ['PUT', '/rooms/$/', { name: 'x' }],
    ['PATCH', '/rooms/$/', { name: 'x' }],
    ['DELETE', '/rooms/$/'],
    ['POST', '/rooms/$/join/', {}],
    ['GET', '/messages/$/'],
    ['POST', '/messages/create/$/', { content: 'x' }],
  ])
    for (const id of [native.id, nobody, '0', '9'.repeat(30)])
      assert.deepEqual(said(await as(staff, method, path.replace('$', id), body)), [404, notFound], `${method} ${path} ${id}`);
  assert.equal((await as(staff, 'GET', '/rooms/abc/')).status, 404);
  assert.equal((await call(base, 'GET', `/v1/rooms/${native.id}`, { headers: { authorization: staff.as } })).json.name, 'native');
});

test('S5-07 whoever is no administrator may not make, change or delete a room, be it there or not', async () => {
  const room = await newRoom();
  for (const id of [room.id, nobody])
    for (const [method, body] of [['PUT', {}], ['PATCH', {}], ['DELETE']]) assert.deepEqual(said(await as(bob, method, `/rooms/${id}/`, body)), [403, forbidden]);
  for (const path of ['/rooms/', '/rooms.json']) assert.deepEqual(said(await as(bob, 'POST', path, {})), [403, forbidden]);
  assert.deepEqual(said(await as(bob, 'DELETE', `/rooms/${room.id}.json`)), [403, forbidden]);
  assert.deepEqual((await as(bob, 'GET', `/rooms/${room.id}/`)).json, room);
});

test('S5-08 joining tells the name of the room, as often as one likes, and enters one among its users once', async () => {
  const room = await newRoom({ name: 'a "room"' });
  for (let i = 0; i < 2; i++) {
    const answer = await as(bob, 'POST', `/rooms/${room.id}/join/`, i ? undefined : {});
    assert.deepEqual(said(answer), [200, { detail: 'You have joined the room "a "room""' }]);
  }
  assert.deepEqual((await as(bob, 'GET', `/rooms/${room.id}/`)).json.users, [staff.id, bob.id]);
  assert.deepEqual((await as(bob, 'GET', '/rooms/')).json.find((one) => one.id === room.id).users, [staff.id, bob.id]);
  const get = await as(bob, 'GET', `/rooms/${room.id}/join/`);
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST, OPTIONS']);
});

test('S5-09 the history of a room is there for anybody, oldest first', async () => {
  const room = await newRoom();
  assert.deepEqual(said(await history(room.id)), [200, { name: room.name, messages: [] }]);
  await as(bob, 'POST', `/rooms/${room.id}/join/`, {}); // an item that is no message
  for (const [who, text] of [[bob, 'one'], [staff, 'two "é"'], [bob, 'three']]) assert.equal((await post(who, room.id, text)).status, 201);
  const answer = await history(room.id);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.json), ['name', 'messages']);
  assert.deepEqual(answer.json.messages.map(({ room: at, content, user }) => [at, content, user]), [
    [room.id, 'one', bob.username],
    [room.id, 'two "é"', staff.username],
    [room.id, 'three', bob.username],
  ]);
  assert.deepEqual(Object.keys(answer.json.messages[0]), ['id', 'room', 'content', 'user', 'created_at']);
  assert.ok(answer.json.messages[0].created_at < answer.json.messages[2].created_at);
  assert.deepEqual((await as(bob, 'GET', `/messages/${room.id}/`)).json, answer.json);
  for (const path of [`/messages/${nobody}/`, '/messages/abc/']) assert.equal((await ask(base, 'GET', path)).status, 404);
  assert.deepEqual(said(await ask(base, 'GET', `/messages/${room.id}/`, undefined, { as: 'Token x' })), [403, { detail: 'Invalid token.' }]);
});

test('S5-09 messages of somebody who is gone stay, without a name', async () => {
  const room = await newRoom();
  const gone = await someone();
  await post(gone, room.id, 'bye');
  const deleted = await call(base, 'DELETE', '/v1/accounts/me', { headers: { authorization: gone.as }, body: { password: gone.password } });
  assert.equal(deleted.status, 204, deleted.text);
  assert.deepEqual((await history(room.id)).json.messages.map(({ content, user }) => [content, user]), [['bye', null]]);
});

test('S5-09 of a long history the last 1000 messages are told, and where the older ones are', async () => {
  const room = await newRoom();
  const talker = await person(base, 'talker');
  await must(base, 'POST', `/v1/rooms/${room.id}/join`, { token: talker.access, body: {} });
  const client = new Client({ urls: [cluster.ws()], token: talker.access, name: 'talker' });
  client.connect();
  await client.join(String(room.id));
  await Promise.all(Array.from({ length: 1005 }, (_, i) => client.send(String(room.id), `m${i}`)));
  client.close();
  const answer = await history(room.id);
  assert.deepEqual(answer.json.messages.map((one) => one.content), Array.from({ length: 1000 }, (_, i) => `m${i + 5}`));
  assert.equal(new Set(answer.json.messages.map((one) => one.user)).size, 1);
  const [, path] = /^<(\/v1\/[^>]*)>; rel="prev"$/.exec(answer.headers.get('link'));
  const older = await must(base, 'GET', path, { token: talker.access });
  assert.equal(older.items.at(-1).body, 'm4');
});

test('S5-09 long messages are told as far as 512 KiB of them go', async () => {
  const room = await newRoom();
  const text = '"'.repeat(16000);
  for (let i = 0; i < 40; i++) assert.equal((await post(bob, room.id, `${i}${text}`)).status, 201);
  const answer = await history(room.id);
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.json.messages.map((one) => parseInt(one.content, 10)), Array.from({ length: 32 }, (_, i) => i + 8));
  assert.match(answer.headers.get('link'), /rel="prev"$/);
});

test('S5-10 a message is posted by whoever has an account, and native sockets of the room hear it', async () => {
  const room = await newRoom();
  const listener = await person(base, 'listener');
  const client = new Client({ urls: [cluster.ws()], token: listener.access, name: 'listener' });
  client.connect();
  await must(base, 'POST', `/v1/rooms/${room.id}/join`, { token: listener.access, body: {} });
  await client.join(String(room.id));
  const answer = await post(bob, room.id, ' hello ');
  assert.deepEqual(said(answer), [201, { room: room.id, content: 'hello', user: bob.username }]);
  await until('the socket hears it', () => client.log.some((note) => note.op === 'recv' && note.body === 'hello'));
  client.close();
});

test('S5-10 room and user of the body must be somewhere, and those of the path and of the caller count', async () => {
  const [room, other] = [await newRoom(), await newRoom()];
  for (const way of Object.keys(writings)) {
    const answer = await as(bob, 'POST', `/messages/create/${room.id}/`, { content: way, room: other.id, user: staff.id }, { way });
    assert.deepEqual(said(answer), [201, { room: room.id, content: way, user: bob.username }]);
  }
  const same = await as(bob, 'POST', `/messages/create/${room.id}/`, { content: 'same', room: room.id, user: bob.id });
  assert.equal(same.status, 201);
  assert.deepEqual((await history(room.id)).json.messages.map((one) => one.user), Array(4).fill(bob.username));
  assert.deepEqual((await history(other.id)).json.messages, []);
  const told = async (body) => said(await as(bob, 'POST', `/messages/create/${room.id}/`, body));
  assert.deepEqual(await told({ content: 'x', room: nobody }), [400, { room: noPk(nobody) }]);
  assert.deepEqual(await told({ content: 'x', user: nobody }), [400, { user: noPk(nobody) }]);
  assert.deepEqual(await told({ room: nobody, user: nobody }), [400, { content: required, room: noPk(nobody), user: noPk(nobody) }]);
  assert.deepEqual(await told({ content: '', room: other.id, user: staff.id }), [400, { content: blank }]);
  assert.deepEqual(await told({ user: 'bob', room: true }), [
    400,
    { content: required, room: ['Incorrect type. Expected pk value, received bool.'], user: ['Incorrect type. Expected pk value, received str.'] },
  ]);
});

test('S5-10 a message that is blank or too long, anonymous, or for no room is refused', async () => {
  const room = await newRoom();
  assert.deepEqual(said(await post(bob, room.id, ' ')), [400, { content: blank }]);
  assert.deepEqual(said(await post(bob, room.id, '\u3000')), [400, { content: blank }]);
  assert.deepEqual(said(await post(bob, room.id, 'x'.repeat(16385))), [400, { content: ['Ensure this field has no more than 16384 characters.'] }]);
  assert.deepEqual(said(await post(bob, room.id, 'é'.repeat(16000))), [400, { content: ['Ensure this field has no more than 16384 bytes.'] }]);
  assert.deepEqual(said(await ask(base, 'POST', `/messages/create/${room.id}/`, { content: 'x' })), [403, notGiven]);
  assert.deepEqual(said(await post(bob, nobody, '')), [404, notFound]);
  assert.deepEqual((await history(room.id)).json.messages, []);
  const get = await ask(base, 'GET', `/messages/create/${room.id}/`);
  assert.deepEqual([get.status, get.headers.get('allow')], [405, 'POST, OPTIONS']);
});

test('S5-10 the same Idempotency-Key again posts once', async () => {
  const room = await newRoom();
  const headers = { 'idempotency-key': fresh('key') };
  for (let i = 0; i < 2; i++) assert.equal((await as(bob, 'POST', `/messages/create/${room.id}/`, { content: 'once' }, { headers })).status, 201);
  assert.equal((await history(room.id)).json.messages.length, 1);
});
