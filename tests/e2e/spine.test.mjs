// spine - the main job: two people on two gateways register, sign in, meet in a room and talk.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import WebSocket from 'ws';
import { call, must, person, roomOf } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { Cluster, root, until } from './lib/cluster.mjs';
import { historyOf } from './lib/history.mjs';
import { judge } from './lib/judge.mjs';

let cluster;
before(async () => {
  cluster = await Cluster.start({ gateways: 2 });
});
after(() => cluster?.destroy());

function chat(who, gateway, name) {
  const client = new Client({ urls: [cluster.ws(gateway)], token: who.access, name });
  client.connect();
  return client;
}

test('two people on two gateways meet in a room and talk, in order and once', async () => {
  const [ann, bob] = [await person(cluster.url(0), 'ann'), await person(cluster.url(1), 'bob')];
  const room = await roomOf(cluster.url(0), [ann, bob]);
  const a = chat(ann, 0, 'ann');
  const b = chat(bob, 1, 'bob');
  await Promise.all([a.join(room.id), b.join(room.id)]);
  const answers = [];
  for (let i = 0; i < 50; i++) answers.push(a.send(room.id, `from ann ${i}`), b.send(room.id, `from bob ${i}`));
  const oks = await Promise.all(answers);
  assert.equal(new Set(oks.map((ok) => ok.seq)).size, 100);
  const items = await historyOf(cluster.url(1), bob.access, room.id);
  await until('both have everything', () => a.rooms.get(room.id).last === items.length && b.rooms.get(room.id).last === items.length);
  const verdict = judge({ logs: [a.log, b.log], history: new Map([[room.id, items]]), members: new Map([[room.id, ['ann', 'bob']]]) });
  assert.deepEqual(verdict.faults, []);
  assert.equal(verdict.acked, 100);
  a.close();
  b.close();
});

test("Debian's python3-websockets talks with npm's ws", async () => {
  const [ann, bob] = [await person(cluster.url(0), 'ann'), await person(cluster.url(1), 'bob')];
  const room = await roomOf(cluster.url(0), [ann, bob]);
  const a = chat(ann, 0, 'ann');
  await a.join(room.id);
  const echo = promisify(execFile)('/usr/bin/python3', [join(root, 'tests/e2e/echo_client.py'), cluster.ws(1), bob.access, room.id, '5']);
  await until('the python client is there', () => a.log.some((note) => note.op === 'recv' && note.body === 'here'));
  const sent = [];
  for (let i = 0; i < 5; i++) sent.push(a.send(room.id, `grüße \u{1F44B} ${i}`));
  await Promise.all(sent);
  const { stdout } = await echo;
  assert.match(stdout, /5 echoed/);
  await until('echoes', () => a.log.filter((note) => note.op === 'recv' && note.body?.startsWith('echo: ')).length === 5);
  const echoes = a.log.filter((note) => note.op === 'recv' && note.body?.startsWith('echo: ')).map((note) => note.body);
  assert.deepEqual(echoes, [0, 1, 2, 3, 4].map((i) => `echo: grüße \u{1F44B} ${i}`));
  a.close();
});

test('fifty clients sending at once into one room give 1..N without a hole', async () => {
  const people = await Promise.all(Array.from({ length: 10 }, (_, i) => person(cluster.url(i % 2), `p${i}`)));
  const room = await roomOf(cluster.url(0), people);
  const clients = Array.from({ length: 50 }, (_, i) => chat(people[i % 10], i % 2, `c${i}`));
  await Promise.all(clients.map((client) => client.join(room.id)));
  const oks = await Promise.all(clients.flatMap((client, c) => Array.from({ length: 10 }, (_, i) => client.send(room.id, `${c}:${i}`))));
  const items = await historyOf(cluster.url(0), people[0].access, room.id);
  assert.deepEqual(items.map((item) => item.seq), items.map((_, i) => i + 1));
  assert.equal(items.filter((item) => item.kind === 'message').length, 500);
  assert.equal(new Set(oks.map((ok) => ok.seq)).size, 500);
  await until('everybody has everything', () => clients.every((client) => client.rooms.get(room.id).last === items.length));
  const names = clients.map((client) => client.name);
  const verdict = judge({ logs: clients.map((c) => c.log), history: new Map([[room.id, items]]), members: new Map([[room.id, names]]) });
  assert.deepEqual(verdict.faults.slice(0, 3), []);
  clients.forEach((client) => client.close());
});

test('the same send_id again gives the same seq, with another body a conflict', async () => {
  const ann = await person(cluster.url(0), 'ann');
  const room = await roomOf(cluster.url(0), [ann]);
  const path = `/v1/rooms/${room.id}/messages`;
  const send_id = randomUUID();
  const first = await call(cluster.url(0), 'POST', path, { token: ann.access, body: { send_id, body: 'once' } });
  assert.equal(first.status, 201);
  const again = await call(cluster.url(1), 'POST', path, { token: ann.access, body: { send_id, body: 'once' } });
  assert.equal(again.status, 200);
  assert.deepEqual([again.json.seq, again.json.id, again.json.at], [first.json.seq, first.json.id, first.json.at]);
  const other = await call(cluster.url(0), 'POST', path, { token: ann.access, body: { send_id, body: 'twice' } });
  assert.equal(other.status, 409);
  assert.equal(other.json.code, 'conflict');
  const a = chat(ann, 1, 'ann');
  await a.join(room.id);
  const third = await a.send(room.id, 'once', send_id);
  assert.equal(third.seq, first.json.seq);
  assert.equal(third.duplicate, true);
  await assert.rejects(a.send(room.id, 'else', send_id), { code: 'conflict' });
  a.close();
});

test('a client that was away resumes from its last seq without a hole', async () => {
  const [ann, bob] = [await person(cluster.url(0), 'ann'), await person(cluster.url(0), 'bob')];
  const room = await roomOf(cluster.url(0), [ann, bob]);
  const a = chat(ann, 0, 'ann');
  await a.join(room.id);
  await a.send(room.id, 'before');
  const b = chat(bob, 1, 'bob');
  await b.join(room.id);
  await until('bob has it', () => b.rooms.get(room.id).last === 3);
  b.socket.terminate();
  await Promise.all(Array.from({ length: 700 }, (_, i) => a.send(room.id, `while away ${i}`)));
  await until('bob caught up', () => b.rooms.get(room.id).last === 703, 20000);
  const seqs = b.log.filter((note) => note.op === 'recv').map((note) => note.seq);
  assert.deepEqual(seqs, Array.from({ length: 703 }, (_, i) => i + 1));
  a.close();
  b.close();
});

test('who is kicked gets the kick as the last event, and nothing after', async () => {
  const [ann, bob] = [await person(cluster.url(0), 'ann'), await person(cluster.url(1), 'bob')];
  const room = await roomOf(cluster.url(0), [ann, bob]);
  const a = chat(ann, 0, 'ann');
  const b = chat(bob, 1, 'bob');
  await Promise.all([a.join(room.id), b.join(room.id)]);
  await a.send(room.id, 'hello');
  const gone = await call(cluster.url(0), 'DELETE', `/v1/rooms/${room.id}/members/${bob.id}`, { token: ann.access });
  assert.equal(gone.status, 204);
  const after = await a.send(room.id, 'not for bob');
  await until('ann has it', () => a.rooms.get(room.id).last === after.seq);
  await b.request('ping');
  await until('bob hears of the kick', () => b.log.some((note) => note.op === 'recv' && note.ev === 'member' && note.seq === after.seq - 1));
  await b.request('ping');
  assert.ok(!b.log.some((note) => note.op === 'recv' && note.seq >= after.seq));
  await assert.rejects(b.request('send', { room: room.id, send_id: 'x', body: 'let me in' }), { code: 'not_member' });
  const refused = await call(cluster.url(1), 'GET', `/v1/rooms/${room.id}/messages`, { token: bob.access });
  assert.ok([403, 404].includes(refused.status));
  a.close();
  b.close();
});

test('sessions: refresh rotates, reuse of an old token ends the family, signing out ends it', async () => {
  const ann = await person(cluster.url(0), 'ann');
  const base = cluster.url(0);
  const second = await must(base, 'POST', '/v1/sessions/refresh', { body: { refresh: ann.refresh } });
  assert.notEqual(second.refresh, ann.refresh);
  const third = await must(base, 'POST', '/v1/sessions/refresh', { body: { refresh: second.refresh } });
  assert.equal((await call(base, 'GET', '/v1/accounts/me', { token: third.access })).json.login, ann.login);
  const list = await must(base, 'GET', '/v1/sessions', { token: third.access });
  assert.ok(list.items.some((session) => session.current && session.device === 'test'));
  assert.equal((await call(base, 'DELETE', '/v1/sessions/current', { token: third.access })).status, 204);
  assert.equal((await call(base, 'POST', '/v1/sessions/refresh', { body: { refresh: third.refresh } })).status, 401);
  const wrong = await call(base, 'POST', '/v1/sessions', { body: { identifier: ann.login, password: 'not this one' } });
  const unknown = await call(base, 'POST', '/v1/sessions', { body: { identifier: `no_${ann.login}`, password: 'not this one' } });
  assert.equal(wrong.status, 401);
  assert.deepEqual([wrong.json.code, wrong.json.detail], [unknown.json.code, unknown.json.detail]);
});

test('rooms: direct rooms are one per pair, members are listed, roles bite, sync gives one snapshot', async () => {
  const base = cluster.url(0);
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((name) => person(base, name)));
  const direct = await must(base, 'POST', '/v1/rooms', { token: ann.access, body: { kind: 'direct', members: [bob.id] } });
  const same = await must(base, 'POST', '/v1/rooms', { token: bob.access, body: { kind: 'direct', members: [ann.id] } });
  assert.equal(same.id, direct.id);
  assert.equal((await call(base, 'GET', `/v1/rooms/${direct.id}`, { token: eve.access })).status, 404);
  const group = await must(base, 'POST', '/v1/rooms', { token: ann.access, body: { name: 'club', members: [bob.id] } });
  assert.equal(group.kind, 'group');
  assert.equal((await call(base, 'POST', `/v1/rooms/${group.id}/join`, { token: eve.access, body: {} })).status, 404);
  await must(base, 'PUT', `/v1/rooms/${group.id}/members/${eve.id}`, { token: ann.access, body: { role: 'reader' } });
  const mute = await call(base, 'POST', `/v1/rooms/${group.id}/messages`, { token: eve.access, body: { send_id: '1', body: 'may I' } });
  assert.equal(mute.status, 403);
  const members = await must(base, 'GET', `/v1/rooms/${group.id}/members`, { token: bob.access });
  assert.deepEqual(members.items.map((m) => [m.account, m.role]).sort(), [[ann.id, 'owner'], [bob.id, 'member'], [eve.id, 'reader']].sort());
  await must(base, 'POST', `/v1/rooms/${group.id}/messages`, { token: bob.access, body: { send_id: '1', body: 'hi' } });
  const snapshot = await must(base, 'GET', `/v1/sync?rooms=${group.id}&limit=10`, { token: eve.access });
  assert.equal(snapshot.rooms.length, 1);
  assert.equal(snapshot.rooms[0].items.at(-1).body, 'hi');
  assert.equal(snapshot.rooms[0].room.head, snapshot.rooms[0].items.at(-1).seq);
  assert.ok(snapshot.rooms[0].room.unread > 0);
});

test('repeating a POST with the same Idempotency-Key makes one room, with another body a conflict', async () => {
  const base = cluster.url(0);
  const ann = await person(base, 'ann');
  const headers = { 'idempotency-key': randomUUID() };
  const first = await must(base, 'POST', '/v1/rooms', { token: ann.access, body: { name: 'one' }, headers });
  const again = await must(cluster.url(1), 'POST', '/v1/rooms', { token: ann.access, body: { name: 'one' }, headers });
  assert.equal(again.id, first.id);
  const other = await call(base, 'POST', '/v1/rooms', { token: ann.access, body: { name: 'two' }, headers });
  assert.equal(other.status, 409);
  const mine = await must(base, 'GET', '/v1/rooms', { token: ann.access });
  assert.equal(mine.items.length, 1);
});

test('a socket that does not sign in within 5 s is closed 4408, one that does with a first frame talks', async () => {
  const ann = await person(cluster.url(0), 'ann');
  const silent = new WebSocket(cluster.ws(0));
  const started = Date.now();
  const code = await new Promise((resolve) => silent.on('close', resolve));
  assert.equal(code, 4408);
  assert.ok(Date.now() - started >= 4000);
  const late = new WebSocket(cluster.ws(0));
  await new Promise((resolve) => late.on('open', resolve));
  late.send(JSON.stringify({ op: 'auth', id: 1, token: ann.access }));
  const ok = await new Promise((resolve) => late.on('message', (data) => JSON.parse(data).re === 1 && resolve(JSON.parse(data))));
  assert.equal(ok.ok.account, ann.id);
  late.close();
});
