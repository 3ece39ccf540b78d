// dialect_public_socket - the sockets of numbered rooms; each test is a row of the contract.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { must } from './lib/api.mjs';
import { Cluster } from './lib/cluster.mjs';
import { cookiesOf } from './lib/credentials.mjs';
import { ask, fresh } from './lib/dialect.mjs';
import { Speaker } from './lib/speaker.mjs';
import { staffEnv, staffOf } from './lib/staff.mjs';

const nobody = 999999999;
const errorAlone = ['error'];

let cluster;
let trusting; // with PARLEY_COMPAT_TRUST_USERID
before(async () => {
  const place = async (env) => {
    const self = await Cluster.start({ env: { ...staffEnv(), ...env } });
    const overseer = await staffOf(self);
    return Object.assign(self, { base: self.url(), staff: await signedIn(self.url(), overseer.login, overseer.password) });
  };
  [cluster, trusting] = await Promise.all([place({}), place({ PARLEY_COMPAT_TRUST_USERID: '1' })]);
});
after(() => Promise.all([cluster?.destroy(), trusting?.destroy()]));

// Signed in as the pages of the rooms are: { id, username, password, as, cookie }.
async function signedIn(base, username, password) {
  const answer = await ask(base, 'POST', '/login/', { username, password });
  assert.equal(answer.status, 200, answer.text);
  return { id: answer.json.user_id, username, password, as: `Token ${answer.json.token}`, cookie: `sessionid=${cookiesOf(answer).sessionid.value}` };
}

async function someone(at = cluster) {
  const who = { username: fresh('some'), password: 'abc' };
  await must(at.base, 'POST', '/register/', { body: who });
  return signedIn(at.base, who.username, who.password);
}

async function newRoom(at = cluster) {
  const answer = await ask(at.base, 'POST', '/rooms/', { name: fresh('room') }, { as: at.staff.as });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.id;
}

const enter = (room, who, at = cluster) => Speaker.open(at.base, `${room}/`, { headers: who ? { cookie: who.cookie } : {} });
const post = (who, room, content, at = cluster) => ask(at.base, 'POST', `/messages/create/${room}/`, { content }, { as: who.as });

// Author and text of what is kept, oldest first.
async function kept(room, at = cluster) {
  const { json } = await ask(at.base, 'GET', `/messages/${room}/`);
  return json.messages.map(({ user, content }) => [user, content]);
}

async function assertRefused(socket, frame) {
  socket.send(frame);
  assert.deepEqual(Object.keys(await socket.next()), errorAlone, typeof frame === 'string' ? frame : JSON.stringify(frame).slice(0, 60));
}

test('S5-10 open sockets hear what is posted over HTTP, whoever listens', async () => {
  const [room, other, bob] = [await newRoom(), await newRoom(), await someone()];
  const [own, guest, elsewhere] = await Promise.all([enter(room, bob), enter(room), enter(other)]);
  for (let i = 0; i < 5; i++) assert.equal((await post(bob, room, `posted ${i} "é" 😀`)).status, 201);
  for (const socket of [own, guest])
    for (let i = 0; i < 5; i++) assert.deepEqual(await socket.next(), { message: `posted ${i} "é" 😀`, username: bob.username });
  assert.deepEqual(await elsewhere.rest(), []);
  for (const socket of [own, guest, elsewhere]) socket.close();
});

test('S5-12 who signed in at /login/ speaks by the cookie, all hear message and username alike, and it is kept', async () => {
  const [room, ann, bob] = [await newRoom(), await someone(), await someone()];
  const sockets = await Promise.all([enter(room, ann), enter(room, bob), enter(room)]);
  assert.deepEqual(await sockets[0].rest(), []);
  const [a, b] = sockets;
  for (let i = 0; i < 20; i++) (i % 2 ? b : a).send({ message: `said ${i}`, userid: (i % 2 ? bob : ann).id });
  const heard = await Promise.all(
    sockets.map(async (socket) => {
      const frames = [];
      for (let i = 0; i < 20; i++) frames.push(await socket.next());
      return frames;
    }),
  );
  for (const frame of heard[0]) assert.deepEqual(Object.keys(frame), ['message', 'username']);
  assert.deepEqual(heard[1], heard[0]);
  assert.deepEqual(heard[2], heard[0]);
  for (const [who, odd] of [[ann, 0], [bob, 1]])
    assert.deepEqual(
      heard[0].filter((frame) => frame.username === who.username).map((frame) => frame.message),
      [...Array(10).keys()].map((i) => `said ${2 * i + odd}`),
    );
  assert.deepEqual(await kept(room), heard[0].map(({ username, message }) => [username, message]));
  for (const socket of sockets) socket.close();
});

test('S5-12 a token opens the socket too, and joining or other items that are no messages are not told', async () => {
  const [room, bob] = [await newRoom(), await someone()];
  const socket = await Speaker.open(cluster.base, `${room}/`, { headers: { authorization: bob.as } });
  assert.equal((await ask(cluster.base, 'POST', `/rooms/${room}/join/`, {}, { as: bob.as })).status, 200);
  socket.send({ message: 'in', userid: bob.id });
  assert.deepEqual(await socket.next(), { message: 'in', username: bob.username });
  socket.close();
});

test('S5-13 userid is good as text and as number; a foreign one is told, and nothing is stored', async () => {
  const [room, ann, bob] = [await newRoom(), await someone(), await someone()];
  const [socket, listener] = await Promise.all([enter(room, bob), enter(room)]);
  for (const userid of [bob.id, String(bob.id)]) {
    socket.send({ message: typeof userid, userid });
    assert.deepEqual(await socket.next(), { message: typeof userid, username: bob.username });
  }
  for (const userid of [ann.id, String(ann.id), nobody, 0, -1, 1.5, 'bob', '', null, true, [bob.id]]) await assertRefused(socket, { message: 'foreign', userid });
  await assertRefused(socket, { message: 'from nobody' });
  assert.deepEqual(await kept(room), [[bob.username, 'number'], [bob.username, 'string']]);
  assert.deepEqual((await listener.rest()).map((frame) => JSON.parse(frame).message), ['number', 'string']);
  socket.close();
  listener.close();
});

test('S5-14 who shows no credential is told so, and nothing is stored', async () => {
  const [room, bob] = [await newRoom(), await someone()];
  const guest = await enter(room);
  await assertRefused(guest, { message: 'as bob', userid: bob.id });
  await assertRefused(guest, { message: 'as bob', userid: String(bob.id) });
  assert.deepEqual(await kept(room), []);
  guest.close();
});

test('S5-14 with PARLEY_COMPAT_TRUST_USERID userid is believed where nobody is signed in, when there is such an account', async () => {
  const [room, ann, bob] = [await newRoom(trusting), await someone(trusting), await someone(trusting)];
  const [guest, listener] = await Promise.all([enter(room, null, trusting), enter(room, ann, trusting)]);
  for (let i = 0; i < 30; i++) guest.send({ message: `said ${i}`, userid: i % 3 ? bob.id : String(ann.id) });
  const expected = [...Array(30).keys()].map((i) => [(i % 3 ? bob : ann).username, `said ${i}`]);
  for (const socket of [guest, listener]) {
    const frames = [];
    while (frames.length < 30) frames.push(await socket.next());
    const of = (who, all) => all.filter(([name]) => name === who.username);
    const heard = frames.map(({ username, message }) => [username, message]);
    for (const who of [ann, bob]) assert.deepEqual(of(who, heard), of(who, expected));
  }
  for (const userid of [nobody, 'bob', undefined]) await assertRefused(guest, { message: 'from nobody', userid });
  await assertRefused(listener, { message: 'as bob', userid: bob.id });
  assert.equal((await kept(room, trusting)).length, 30);
  guest.close();
  listener.close();
});

test('S5-15 what is not JSON, has no message, or too long a one, is told, and the socket still works', async () => {
  const [room, bob] = [await newRoom(), await someone()];
  const socket = await enter(room, bob);
  const userid = bob.id;
  socket.send('not json');
  assert.equal(await socket.raw(), '{"error":"Invalid JSON format."}');
  for (const odd of ['', '[]', '"text"', '{}', JSON.stringify({ userid }), JSON.stringify({ message: 5, userid }), JSON.stringify({ message: '', userid })])
    await assertRefused(socket, odd);
  await assertRefused(socket, { message: 'x'.repeat(16385), userid });
  await assertRefused(socket, Buffer.from('binary'));
  for (const message of ['x'.repeat(16384), '\u{1F600}\u0001\\"\u007f']) {
    socket.send({ message, userid });
    assert.deepEqual(await socket.next(), { message, username: bob.username });
  }
  socket.close();
});

test('S5-15 a room that is not there, and a credential that is none, are 403', async () => {
  const [room, bob] = [await newRoom(), await someone()];
  for (const name of [`${nobody}/`, '0/', `${'9'.repeat(30)}/`])
    for (const headers of [{}, { cookie: bob.cookie }]) assert.equal(await Speaker.refused(cluster.base, name, { headers }), 403, name);
  assert.equal(await Speaker.refused(cluster.base, `${room}/?token=nonsense`), 403);
  assert.equal(await Speaker.refused(cluster.base, `${room}/`, { headers: { cookie: 'sessionid=nonsense' } }), 101);
});

test('S5-15 a credential that may read alone listens and does not speak, and one that may not read is 403', async () => {
  const [room, bob] = [await newRoom(), await someone()];
  const token = async (scopes) => {
    const made = await must(cluster.base, 'POST', '/v1/tokens', { headers: { authorization: bob.as }, body: { name: scopes, scopes } });
    return { authorization: `Bearer ${made.token}` };
  };
  const reader = await Speaker.open(cluster.base, `${room}/`, { headers: await token('read') });
  await assertRefused(reader, { message: 'not mine to say', userid: bob.id });
  assert.equal((await post(bob, room, 'heard')).status, 201);
  assert.equal((await reader.next()).message, 'heard');
  assert.deepEqual(await kept(room), [[bob.username, 'heard']]);
  assert.equal(await Speaker.refused(cluster.base, `${room}/`, { headers: await token('write') }), 403);
  reader.close();
});

test('S5-16 when the room is deleted its sockets close with 4404, whoever listens', async () => {
  const [room, other, bob] = [await newRoom(), await newRoom(), await someone()];
  const [own, guest, elsewhere] = await Promise.all([enter(room, bob), enter(room), enter(other, bob)]);
  own.send({ message: 'last words', userid: bob.id });
  for (const socket of [own, guest]) assert.equal((await socket.next()).message, 'last words');
  assert.equal((await ask(cluster.base, 'DELETE', `/rooms/${room}/`, undefined, { as: cluster.staff.as })).status, 204);
  assert.deepEqual(await Promise.all([own.closed(), guest.closed()]), [4404, 4404]);
  elsewhere.send({ message: 'still here', userid: bob.id });
  assert.equal((await elsewhere.next()).message, 'still here');
  assert.equal(await Speaker.refused(cluster.base, `${room}/`, { headers: { cookie: bob.cookie } }), 403);
  elsewhere.close();
});

test('S5-16 who deletes the account has the socket closed with 4401, and others listen on', async () => {
  const [room, bob] = [await newRoom(), await someone()];
  const [own, guest] = await Promise.all([enter(room, bob), enter(room)]);
  const gone = await ask(cluster.base, 'DELETE', '/v1/accounts/me', { password: bob.password }, { as: bob.as });
  assert.equal(gone.status, 204, gone.text);
  assert.equal(await own.closed(), 4401);
  assert.deepEqual(await guest.rest(), []);
  guest.close();
});
