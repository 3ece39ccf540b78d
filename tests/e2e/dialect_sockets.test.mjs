// dialect_sockets - the sockets of all dialects beside each other; each test is a row of the contract.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, until } from './lib/cluster.mjs';
import { ask, fresh } from './lib/dialect.mjs';
import { AsyncApi } from './lib/openapi.mjs';
import { Speaker } from './lib/speaker.mjs';
import { staffEnv, staffOf } from './lib/staff.mjs';

const password = 'Tr0ub4dor and three';
const accessSeconds = 2;
const KiB = 1024;

let cluster;
let base;
let rooms;
before(async () => {
  cluster = await Cluster.start({ env: staffEnv() });
  base = cluster.url();
  const staff = await staffOf(cluster);
  rooms = await roomsOf(await someone(), await someone(), staff);
});
after(() => cluster?.destroy());

function sql(text) {
  const database = readFileSync(join(cluster.state, 'database'), 'utf8').trim();
  return execFileSync('psql', ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', '--command', text, database], { encoding: 'utf8' }).trim();
}

async function must(method, path, fields, as, at = base) {
  const answer = await ask(at, method, path, fields, { as });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

// Somebody with credentials of every kind: { id, login, as, cookie (session), access() }.
async function someone(at = base) {
  const login = fresh('some');
  await must('POST', '/api/register/', { name: 'some', username: login, password }, undefined, at);
  const { json, cookies } = await must('POST', '/login/', { username: login, password }, undefined, at);
  const access = async () => (await must('POST', '/api/token/', { username: login, password }, undefined, at)).json.access;
  return { id: json.user_id, login, as: `Token ${json.token}`, cookie: `sessionid=${cookies.sessionid.value}`, access };
}

// A room of each dialect that ann is in: what it is called.
async function roomsOf(ann, bob, staff) {
  const staffs = await ask(base, 'POST', '/login/', { username: staff.login, password: staff.password });
  const made = {
    public: await must('POST', '/rooms/', { name: fresh('room') }, `Token ${staffs.json.token}`),
    chat: await must('POST', '/api/chat/mychats/groups/', { name: 'group' }, ann.as),
    clock: await must('POST', '/api/start-chat/', {}, `Bearer ${await ann.access()}`),
    member: await must('POST', '/api/v1/chat/room/create/', { name: 'team', members: [bob.id] }, ann.as),
  };
  const names = { public: String(made.public.json.id), chat: made.chat.json.uuid, clock: made.clock.json.group_name, member: made.member.json.slug, open: fresh('lobby') };
  return { ann, names };
}

// A socket in each room, each of which has been told what comes at first: { public, chat, .. }.
async function enterAll() {
  const { ann, names } = rooms;
  const cookies = { cookie: `access=${await ann.access()}; ${ann.cookie}` };
  const entries = await Promise.all(Object.entries(names).map(async ([dialect, name]) => [dialect, await Speaker.open(base, `${name}/`, { headers: cookies })]));
  const sockets = Object.fromEntries(entries);
  assert.match((await sockets.clock.next()).message, /^hi /);
  for (;;) if ((await sockets.open.next()).message === `${ann.login} has joined the chat`) return sockets;
}

// What each dialect's client says, and what all who are in that room hear.
const speech = () => ({
  public: [{ message: 'in public', userid: rooms.ann.id }, { message: 'in public', username: rooms.ann.login }],
  chat: [{ command: 'new_message', message: 'in chat' }, { command: 'new_message' }],
  clock: [{ message: 'in clock' }, { type: 'chat_message' }],
  member: [{ message: 'in member' }, { message: 'in member' }],
  open: [{ message: 'in open' }, { message: `${rooms.ann.login}: in open` }],
});

test('X-01 of five sockets, one for each dialect, each hears its own room alone', async () => {
  const sockets = await enterAll();
  for (const [dialect, [frame, heard]] of Object.entries(speech())) {
    sockets[dialect].send(frame);
    const got = await sockets[dialect].next();
    for (const key of Object.keys(heard)) assert.deepEqual(got[key], heard[key], dialect);
    for (const socket of Object.values(sockets)) assert.deepEqual(await socket.rest(), [], dialect);
  }
  for (const socket of Object.values(sockets)) socket.close();
});

test('what goes over the five sockets is as the AsyncAPI document says', async () => {
  const asyncapi = new AsyncApi(await (await fetch(`${base}/asyncapi.json`)).json());
  const sockets = await enterAll();
  const judge = (operation, frame) => assert.deepEqual(asyncapi.frameFaults(operation, frame), [], `${operation} ${JSON.stringify(frame)}`);
  for (const [dialect, [frame]] of Object.entries(speech())) {
    // The clock's client says a text, of which nothing counts.
    judge(`${dialect}_receive`, dialect === 'clock' ? JSON.stringify(frame) : frame);
    sockets[dialect].send(frame);
    await sockets[dialect].next();
  }
  for (const stamp of ['0', '2000-01-01 00:00:00+00:00', 'never']) {
    const frame = { command: 'fetch_messages', last_message_time_stamp: stamp };
    judge('chat_receive', frame);
    sockets.chat.send(frame);
    await sockets.chat.next();
  }
  for (const dialect of ['public', 'chat', 'member', 'open']) {
    sockets[dialect].send('no JSON');
    assert.ok((await sockets[dialect].next()).error, dialect);
  }
  sockets.clock.send(Buffer.from('bytes'));
  assert.ok((await sockets.clock.next()).error);
  for (const [dialect, socket] of Object.entries(sockets)) {
    for (const text of socket.frames) judge(`${dialect}_send`, JSON.parse(text));
    socket.close();
  }
  // What is not told is a fault.
  assert.notDeepEqual(asyncapi.frameFaults('chat_send', { command: 'new_message' }), []);
});

test('X-02 the shape of a name tells the dialect', async () => {
  const { names } = rooms;
  for (const [dialect, shape] of Object.entries({ public: /^\d+$/, chat: /^[\da-f-]{36}$/, clock: /^chat_[\da-f]{8}$/, member: /_[\da-f]{5}$/, open: /^lobby_[\da-f]{8}$/ })) assert.match(names[dialect], shape);
  // Nobody is let in anonymously but to numbered and to open rooms; of the others none is made.
  const free = ['999999999', '00000000-0000-4000-8000-000000000000', 'chat_a1b2c3d4', 'team_451b7', 'chat_a1b2c'];
  for (const name of [names.chat, names.clock, names.member, ...free]) assert.equal(await Speaker.refused(base, `${name}/`), 403, name);
  for (const name of [names.public, names.open, 'lobby', 'chat_a1b2c3d', 'a-b_c', 'x'.repeat(100)]) assert.equal(await Speaker.refused(base, `${name}/`), 101, name);
  for (const name of ['x'.repeat(101), 'a.b', 'a%20b', 'ü', '']) assert.equal(await Speaker.refused(base, `${encodeURI(name)}/`), 404, name);
  // chat_a1b2c is one of members: who is signed in makes no room of it.
  assert.equal(await Speaker.refused(base, 'chat_a1b2c/', { headers: { cookie: rooms.ann.cookie } }), 403);
  const guest = await Speaker.open(base, 'lobby/');
  guest.send('echo');
  assert.equal(await guest.raw(), 'echo');
  guest.close();
});

test('X-03 a token that is no token is 403 on an open name too, and makes no room', async () => {
  const name = fresh('open');
  for (const options of [{}, { headers: { cookie: rooms.ann.cookie } }]) assert.equal(await Speaker.refused(base, `${name}/?token=nonsense`, options), 403);
  assert.equal(await Speaker.refused(base, `${name}/`, { headers: { authorization: 'Token nonsense', cookie: rooms.ann.cookie } }), 403);
  assert.equal(await Speaker.refused(base, `${name}/`, { protocols: ['bearer', 'nonsense'] }), 403);
  assert.equal(sql(`SELECT count(*) FROM room WHERE address = '${name}'`), '0');
});

test('X-04 with an access cookie that is over the session counts', async () => {
  const brief = await Cluster.start({ env: { PARLEY_ACCESS_TTL: `${accessSeconds}s` } });
  try {
    const at = brief.url();
    const [ann, bob] = [await someone(at), await someone(at)];
    const name = fresh('open');
    const enter = async (access) => Speaker.open(at, `${name}/`, { headers: { cookie: `access=${access}; ${ann.cookie}` } });
    const over = await bob.access();
    await until('the access token is over', async () => (await ask(at, 'GET', '/rooms/', undefined, { as: `Bearer ${over}` })).status === 403, 20000, 200);
    const socket = await enter(over);
    assert.deepEqual(await socket.next(), { message: `${ann.login} has joined the chat` });
    const other = await enter(await bob.access()); // which comes before the session while it is good
    assert.deepEqual(await other.next(), { message: `${bob.login} has joined the chat` });
    socket.close();
    other.close();
  } finally {
    await brief.destroy();
  }
});

test('X-05 a frame beyond 64 KiB closes with 1009', async () => {
  const socket = await Speaker.open(base, `${fresh('open')}/`);
  socket.send('x'.repeat(64 * KiB + 1));
  assert.equal(await socket.closed(), 1009);
});

test('X-05 who does not read is closed with 1013, and the others get everything', async () => {
  const name = fresh('open');
  const [slow, quick] = [await Speaker.open(base, `${name}/`), await Speaker.open(base, `${name}/`)];
  const speakers = await Promise.all([...Array(6).keys()].map(() => Speaker.open(base, `${name}/`)));
  slow.socket.pause();
  const rounds = 150; // more than what the kernel keeps of a socket, and what the gateway does
  for (let i = 1; i <= rounds; i++) {
    for (const speaker of speakers) speaker.send('x'.repeat(16 * KiB));
    await until(`round ${i} has come`, () => quick.frames.length === i * speakers.length);
  }
  slow.socket.resume();
  assert.equal(await slow.closed(), 1013);
  assert.ok(slow.frames.length < rounds * speakers.length);
  for (const socket of [quick, ...speakers]) assert.equal(socket.code, undefined);
  for (const socket of [quick, ...speakers]) socket.close();
});
