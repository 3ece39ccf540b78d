// dialect_open - the sockets of open rooms: echo for who is not signed in, a chat for who is; each test named S1 is a row of the contract.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, until } from './lib/cluster.mjs';
import { cookiesOf } from './lib/credentials.mjs';
import { ask, fresh } from './lib/dialect.mjs';
import { Speaker } from './lib/speaker.mjs';
import { secretFile } from './lib/staff.mjs';

const passwords = { alice: 'wonderland alice', bob: 'wonderland bob' };
const errorAlone = ['error'];

let cluster;
let alice;
let bob;
before(async () => {
  const demo = secretFile(Object.entries(passwords).map((pair) => pair.join(':')).join());
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_DEMO_USERS_FILE: demo } });
  [alice, bob] = await Promise.all(['alice', 'bob'].map(signedIn));
});
after(() => cluster?.destroy());

// A pre-configured user, once auth has made it: { name, as, cookie, token }.
function signedIn(name) {
  return until(`${name} is signed in`, async () => {
    const answer = await ask(cluster.url(), 'POST', '/login/', { username: name, password: passwords[name] });
    if (answer.status !== 200) return null;
    return { name, as: `Token ${answer.json.token}`, token: answer.json.token, cookie: `sessionid=${cookiesOf(answer).sessionid.value}` };
  });
}

// `who` may be nobody.
const enter = (room, who, gateway = 0) => Speaker.open(cluster.url(gateway), `${room}/`, { headers: who ? { cookie: who.cookie } : {} });
const said = (message) => ({ message });
const joined = (who) => said(`${who.name} has joined the chat`);
const left = (who) => said(`${who.name} has left the chat`);

// Enters and waits until the others have been told.
async function joinIn(room, who, gateway = 0) {
  const socket = await enter(room, who, gateway);
  for (;;) if ((await socket.next()).message === joined(who).message) return socket;
}

async function assertHears(socket, ...frames) {
  for (const frame of frames) assert.deepEqual(await socket.next(), frame);
}

// It is heard at another socket's gateway: what is told there from now on reaches it.
async function assertListening(socket, room, gateway) {
  const other = await enter(room, null, gateway);
  const word = fresh('word');
  await until('a signal arrives', async () => {
    other.send(word);
    return (await socket.rest()).includes(word);
  });
  await socket.rest();
  socket.at = socket.frames.length;
  other.close();
}

function sql(text) {
  const database = readFileSync(join(cluster.state, 'database'), 'utf8').trim();
  return execFileSync('psql', ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', '--command', text, database], { encoding: 'utf8' }).trim();
}

const roomsAt = (room) => Number(sql(`SELECT count(*) FROM room WHERE address = '${room}'`));

// ---- who is not signed in ---------------------------------------------------------------------------------------------------

test('S1-18 what an anonymous socket says is the first frame that comes back', async () => {
  const socket = await Speaker.open(cluster.url(), 'lobby/');
  assert.deepEqual(await socket.rest(), []);
  socket.send({ message: 'hello' });
  assert.equal(await socket.raw(), '{"message":"hello"}');
  assert.deepEqual(await socket.rest(), []);
  assert.equal(roomsAt('lobby'), 0);
  socket.close();
});

test('S1-19 a text that is no message and a binary frame come back byte for byte', async () => {
  const socket = await enter(fresh('room'));
  const frames = ['abc', '', ' {"text": 1} ', '[1, 2]', '{"message":1,"message":2}', '"ü\\u0000 😀"', `${'['.repeat(5000)}`, 'x'.repeat(16 * 1024), Buffer.from([0, 255, 10, 128]), Buffer.alloc(0), Buffer.alloc(16 * 1024, 200)];
  for (const frame of frames) {
    socket.send(frame);
    assert.deepEqual(await socket.raw(), frame);
  }
  for (const [message, more] of [['"\\\n\u0001ü😀', { user: 'me' }], [5, {}], [{ a: [null, 1.5, 'é'] }, {}], [null, { b: 1 }]]) {
    socket.send({ ...more, message });
    assert.deepEqual(await socket.next(), { message });
  }
  for (const frame of ['x'.repeat(16 * 1024 + 1), Buffer.alloc(16 * 1024 + 1)]) {
    socket.send(frame);
    assert.deepEqual(Object.keys(await socket.next()), errorAlone);
  }
  socket.close();
});

test('S1-20 what one says the others of the room hear at once, those of another room do not', async () => {
  const room = fresh('room');
  const [a, b, other] = [await enter(room), await enter(room, null, 1), await enter(fresh('other'))];
  await assertListening(b, room, 0);
  a.at = a.frames.length;
  const started = Date.now();
  a.send({ message: 'to all' });
  assert.deepEqual(await b.next(), said('to all'));
  assert.ok(Date.now() - started < 1000);
  const frames = [...Array(50).keys()].map((i) => (i % 3 ? `plain ${i}` : Buffer.from([i])));
  for (const frame of frames) a.send(frame);
  for (const frame of frames) assert.deepEqual(await b.raw(), frame);
  assert.deepEqual((await a.rest()).slice(-frames.length), frames);
  assert.deepEqual(await other.rest(), []);
  for (const socket of [a, b, other]) socket.close();
});

// ---- who is ---------------------------------------------------------------------------------------------------------------------

test('S1-21 what one of the two pre-configured users says both get under its name', async () => {
  const room = fresh('room');
  const a = await joinIn(room, alice);
  const b = await joinIn(room, bob, 1);
  await assertHears(a, joined(bob));
  a.send({ message: 'hi' });
  b.send({ message: 'hi "you" \\ ü 😀\n' });
  const [heardByA, heardByB] = [await Promise.all([a.next(), a.next()]), await Promise.all([b.next(), b.next()])];
  assert.deepEqual(heardByA, heardByB);
  assert.deepEqual(heardByA.map((frame) => frame.message).sort(), ['alice: hi', 'bob: hi "you" \\ ü 😀\n']);
  assert.deepEqual([...(await a.rest()), ...(await b.rest())], []);
  a.close();
  b.close();
});

test('S1-22 who joins later is told what was said, oldest first, then all that it joined, and the others when it leaves', async () => {
  const room = fresh('room');
  const a = await joinIn(room, alice);
  const words = [...Array(30).keys()].map((i) => `word ${i}`);
  for (const word of words) a.send({ message: word });
  await assertHears(a, ...words.map((word) => said(`alice: ${word}`)));
  const b = await enter(room, bob);
  await assertHears(b, ...words.map((word) => said(`alice: ${word}`)), joined(bob));
  await assertHears(a, joined(bob));
  b.close();
  await assertHears(a, left(bob));
  assert.deepEqual(await a.rest(), []);
  a.close();
});

test('what is said before one has joined is kept in its order and told behind it', async () => {
  const room = fresh('room');
  const a = await enter(room, alice);
  for (let i = 0; i < 20; i++) a.send({ message: `early ${i}` });
  await assertHears(a, joined(alice), ...[...Array(20).keys()].map((i) => said(`alice: early ${i}`)));
  a.close();
});

test('who joins is told the last thousand items at most', async () => {
  const room = fresh('room');
  const a = await joinIn(room, alice);
  const id = sql(`SELECT id FROM room WHERE address = '${room}'`);
  a.send({ message: 'the first' });
  await assertHears(a, said('alice: the first'));
  const insert = 'INSERT INTO item (room, seq, id, created_at, sender, kind, body, send_id)';
  sql(`${insert} SELECT i.room, i.seq + n, nextval ('item_id'), i.created_at + n * interval '1 microsecond', i.sender, 1, 'number ' || n, 's' || n
       FROM item i, generate_series (1, 1500) n WHERE i.room = ${id} AND i.seq = 2`);
  const b = await enter(room, bob, 1);
  await assertHears(b, ...[...Array(1000).keys()].map((i) => said(`alice: number ${501 + i}`)), joined(bob));
  a.close();
  b.close();
});

test('a frame of who is signed in that is no message is told as an error, and the socket still works', async () => {
  const room = fresh('room');
  const a = await joinIn(room, alice);
  a.send('not json');
  assert.equal(await a.raw(), '{"error":"Invalid JSON format."}');
  for (const odd of ['{}', '[]', '"text"', '{"message":5}', '{"message":""}', JSON.stringify({ message: 'x'.repeat(16 * 1024 + 1) }), Buffer.from('{"message":"x"}')]) {
    a.send(odd);
    assert.deepEqual(Object.keys(await a.next()), errorAlone, odd.slice(0, 40).toString());
  }
  a.send({ message: 'x'.repeat(16 * 1024) });
  await assertHears(a, said(`alice: ${'x'.repeat(16 * 1024)}`));
  a.close();
});

// ---- both ---------------------------------------------------------------------------------------------------------------------------

test('who sits anonymously in a room that comes to be hears all that is kept there, once, and is heard', async () => {
  const room = fresh('room');
  const guests = [await enter(room), await enter(room, null, 1)];
  for (const guest of guests) await assertListening(guest, room, 0);
  for (const guest of guests) await guest.rest();
  for (const guest of guests) guest.at = guest.frames.length;
  const a = await enter(room, alice);
  const words = [...Array(20).keys()].map((i) => `word ${i}`);
  for (const word of words) a.send({ message: word });
  const told = [joined(alice), ...words.map((word) => said(`alice: ${word}`))];
  await assertHears(a, ...told);
  for (const guest of guests) await assertHears(guest, ...told);
  guests[0].send('a word of nobody');
  for (const socket of [a, ...guests]) assert.equal(await socket.raw(), 'a word of nobody');
  a.send({ message: 'the last' });
  for (const socket of [a, ...guests]) await assertHears(socket, said('alice: the last'));
  a.close();
  for (const guest of guests) await assertHears(guest, left(alice));
  for (const guest of guests) assert.deepEqual(await guest.rest(), []);
  for (const guest of guests) guest.close();
});

test('who comes anonymously to a room with a past hears nothing of it, and all that is said from then on', async () => {
  const room = fresh('room');
  const a = await joinIn(room, alice);
  a.send({ message: 'before' });
  await assertHears(a, said('alice: before'));
  const guest = await enter(room, null, 1);
  assert.deepEqual(await guest.rest(), []);
  a.send({ message: 'after' });
  await assertHears(guest, said('alice: after'));
  guest.close();
  a.close();
});

test('a room is made by the first who is signed in and by nobody else, however many come at once', async () => {
  const room = fresh('room');
  const guest = await enter(room);
  guest.send('anybody?');
  assert.equal(await guest.raw(), 'anybody?');
  assert.equal(roomsAt(room), 0);
  assert.equal(await Speaker.refused(cluster.url(), `${room}/?token=${alice.token}`), 403);
  assert.equal(await Speaker.refused(cluster.url(), `${room}/`, { headers: { authorization: alice.as } }), 403);
  assert.equal(await Speaker.refused(cluster.url(), `${room}/?token=nonsense`, { headers: { cookie: alice.cookie } }), 403);
  assert.equal(roomsAt(room), 0);
  const sockets = await Promise.all([0, 1, 0, 1].map((gateway, i) => joinIn(room, i % 2 ? alice : bob, gateway)));
  assert.equal(sql(`SELECT count(*) || ' ' || min(dialect) || ' ' || min(kind) FROM room WHERE address = '${room}'`), '1 5 1');
  sockets.push(await Speaker.open(cluster.url(), `${room}/?token=${alice.token}`));
  for (const socket of [guest, ...sockets]) socket.close();
});
