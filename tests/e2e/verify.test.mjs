// verify - `parley verify` on a running installation: a whole one is found whole; what is damaged behind its back is named.
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { must, person, roomOf } from './lib/api.mjs';
import { Cluster, root } from './lib/cluster.mjs';

const run = promisify(execFile);
const parley = join(process.env.PARLEY_BIN ?? join(root, 'build/release/bin'), 'parley');
let cluster;
let people;
let logs;
before(async () => {
  cluster = await Cluster.start();
  people = [await person(cluster.url(), 'ann'), await person(cluster.url(), 'bob')];
  logs = mkdtempSync(join(tmpdir(), 'parley-verify-'));
});
after(async () => {
  await cluster?.destroy();
  if (logs) rmSync(logs, { recursive: true, force: true });
});

function sql(text) {
  const database = readFileSync(join(cluster.state, 'database'), 'utf8').trim();
  return execFileSync('psql', ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', '--command', text, database], { encoding: 'utf8' });
}

function verify(...args) {
  const run = spawnSync(parley, ['verify', '--state-dir', cluster.state, ...args], { encoding: 'utf8' });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

function verifyJson(...args) {
  const run = verify('--json', ...args);
  return { ...run, lines: run.out.trim().split('\n').map((line) => JSON.parse(line)) };
}

function fnv(text) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

// A room with messages of both people, and the log of the first as a careful client would have written it.
async function spokenRoom(name, messages = 20) {
  const room = await roomOf(cluster.url(), people, name);
  const lines = [];
  const note = (op, kind, fields) =>
    lines.push(JSON.stringify({ mono_ns: Number(process.hrtime.bigint()), wall_ns: Date.now() * 1e6, client: 'ann', op, kind, ...fields }));
  note('ok', 'client', { account: people[0].id });
  for (let i = 0; i < messages; i++) {
    const sender = people[i % 2];
    const [cmid, body] = [`${name}-${i}`, `message ${i}`];
    if (sender === people[0]) note('invoke', 'send', { room: room.id, cmid, bodyhash: fnv(body) });
    const item = await must(cluster.url(), 'POST', `/v1/rooms/${room.id}/messages`, { token: sender.access, body: { send_id: cmid, body } });
    if (sender === people[0]) note('ok', 'send', { room: room.id, cmid, seq: item.seq });
  }
  return { id: room.id, lines };
}

test('a good installation is found whole', async () => {
  const room = await spokenRoom('good');
  const { code, lines } = verifyJson();
  assert.equal(code, 0);
  assert.equal(lines[0].good, true);
  assert.ok(lines[0].rooms >= 1 && lines[0].items >= 22);
  const one = verify(room.id);
  assert.equal(one.code, 0, one.out + one.err);
  assert.match(one.out, /What is stored is whole/);
});

test('each kind of damage in the database is found in its room, and mending it ends the finding', async () => {
  const { id } = await spokenRoom('damaged');
  const keep = `CREATE TABLE kept AS SELECT * FROM item WHERE room = ${id}`;
  const damages = [
    ['missing', `DELETE FROM item WHERE room = ${id} AND seq = 7`],
    ['unordered', `UPDATE item SET created_at = created_at - interval '1 day' WHERE room = ${id} AND seq = 9`],
    ['unknown', `UPDATE item SET sender = 4000000000 WHERE room = ${id} AND seq = 5`],
    ['stray', `DELETE FROM item WHERE room = ${id} AND seq > 1`],
  ];
  for (const [finding, damage] of damages) {
    sql(`${keep}; ${damage}`);
    const { code, lines } = verifyJson(id);
    assert.equal(code, 1, finding);
    assert.ok(lines[0][finding] >= 1, `${finding}: ${JSON.stringify(lines[0])}`);
    assert.ok(lines[0].findings.some((found) => found.finding === finding && found.room === id));
    assert.equal(verifyJson().code, 1, `${finding}, looking at all rooms`);
    sql(`DELETE FROM item WHERE room = ${id}; INSERT INTO item SELECT * FROM kept; DROP TABLE kept`);
    assert.equal(verify(id).code, 0, `${finding}, mended`);
  }
});

test('a doubled message is found, and so is the key whose absence let it in', async () => {
  const { id } = await spokenRoom('doubled');
  sql(`ALTER TABLE item DROP CONSTRAINT item_send;
    INSERT INTO item SELECT room, 23, id + 900000000, created_at + interval '1 minute', sender, reply_to, account, kind, what, role, send_id, body
      FROM item WHERE room = ${id} AND seq = 4`);
  const { code, lines } = verifyJson();
  assert.equal(code, 1);
  assert.equal(lines[0].doubled, 1);
  assert.equal(lines[0].unguarded, 1);
  sql(`DELETE FROM item WHERE room = ${id} AND seq = 23; ALTER TABLE item ADD CONSTRAINT item_send UNIQUE (room, sender, send_id)`);
  assert.equal(verify().code, 0);
});

test('what is left of a room that was lost is found, and a room that is not there is said to be absent', async () => {
  const { id } = await spokenRoom('lost');
  sql(`CREATE TABLE kept AS SELECT * FROM room WHERE id = ${id}; DELETE FROM room WHERE id = ${id}`);
  const { code, lines } = verifyJson();
  assert.equal(code, 1);
  assert.equal(lines[0].orphaned, 22);
  sql(`INSERT INTO room OVERRIDING SYSTEM VALUE SELECT * FROM kept; DROP TABLE kept`);
  assert.equal(verify().code, 0);
  const absent = verifyJson('987654321');
  assert.equal(absent.code, 1);
  assert.equal(absent.lines[0].absent, 1);
});

test('nothing is found wrong while people send, come, go, read and delete rooms', async () => {
  let busy = true;
  let acts = 0;
  const [ann, bob] = people;
  const api = (method, path, token, body) => must(cluster.url(), method, path, { token, body });
  const live = async (worker) => {
    for (let round = 0; busy; round++) {
      const room = await roomOf(cluster.url(), people, `busy ${worker}`);
      for (let i = 0; i < 10 && busy; i++) {
        const sent = await Promise.all(people.map((who) => api('POST', `/v1/rooms/${room.id}/messages`, who.access, { send_id: `${round}-${i}`, body: 'x' })));
        await api('PUT', `/v1/rooms/${room.id}/read`, bob.access, { seq: Math.max(...sent.map((item) => item.seq)) });
        await api('POST', `/v1/rooms/${room.id}/leave`, bob.access, {});
        await api('POST', `/v1/rooms/${room.id}/join`, bob.access, {});
        acts += 5;
      }
      if (round % 2 === 0) await api('DELETE', `/v1/rooms/${room.id}`, ann.access);
    }
  };
  const workers = [0, 1, 2, 3].map(live);
  try {
    for (let i = 0; i < 20; i++) {
      const { stdout } = await run(parley, ['verify', '--state-dir', cluster.state, '--json']).catch((error) => error);
      assert.equal(JSON.parse(stdout).good, true, stdout);
    }
  } finally {
    busy = false;
    await Promise.all(workers);
  }
  assert.ok(acts > 50, `${acts} acts`);
  assert.equal(verify().code, 0);
});

test('a deleted room is no fault', async () => {
  const { id } = await spokenRoom('deleted');
  await must(cluster.url(), 'DELETE', `/v1/rooms/${id}`, { token: people[0].access });
  assert.equal(verify().code, 0);
});

test('logs beside an installation show what the database alone can not: the loss of the last message, and another body', async () => {
  const { id, lines } = await spokenRoom('logged', 21);
  const item = (seq) => `room = ${id} AND seq = ${seq}`;
  writeFileSync(join(logs, 'ann.jsonl'), `${lines.join('\n')}\n`);
  const stored = () => verifyJson('--logs', logs, id).lines[1];
  assert.deepEqual([stored().acked, stored().kept, stored().good], [11, 11, true]);
  sql(`CREATE TABLE kept AS SELECT * FROM item WHERE ${item(23)}; DELETE FROM item WHERE ${item(23)}`);
  assert.equal(verify(id).code, 0, 'the database alone can not know');
  assert.deepEqual([stored().lost, stored().changed, stored().kept, stored().good], [1, 0, 10, false]);
  sql(`INSERT INTO item SELECT * FROM kept; DROP TABLE kept; UPDATE item SET body = 'forged' WHERE ${item(5)}`);
  assert.deepEqual([stored().lost, stored().changed, stored().kept], [0, 1, 10]);
  assert.equal(verify('--logs', logs, id).code, 1);
});

test('mistakes on the command line, and an installation that is not there, are told apart from findings', () => {
  assert.equal(verify('kitchen').code, 2);
  assert.equal(spawnSync(parley, ['verify', '--logs', logs, '5'], { encoding: 'utf8' }).status, 2);
  assert.equal(spawnSync(parley, ['verify', '--state-dir', logs], { encoding: 'utf8', env: { PATH: process.env.PATH } }).status, 69);
  assert.equal(spawnSync(parley, ['verify', '--timeout', '200ms', '--bus', `ipc://${logs}/b0`], { encoding: 'utf8' }).status, 69);
});
