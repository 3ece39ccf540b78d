// load - the load client against a running installation: what it does is in its logs, and its commands do what they say.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '../e2e/lib/cluster.mjs';
import { Load } from './lib/load.mjs';
import { hashOf } from './lib/witness.mjs';

let cluster;
let load;
let verdict;
let events;

function readLogs(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n').map((line) => JSON.parse(line)));
}

before(async () => {
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_WS_RATE: '0' } });
  load = await Load.start(cluster, { people: 8, rooms: 4, members: 4, rate: 300, modes: { churn: 2, slow: 1, stopped: 1, idle: 2, revoked: 2 }, speakers: { normal: 2, slow: 1, stopped: 1 }, plan: { churn_ms: 300, revoke_ms: 500, ways: ['one', 'all'] } });
  const first = await load.flows(10000);
  assert.ok(first > 0);
  await delay(1500);
  load.storm();
  await load.flows(10000);
  await delay(1500);
  verdict = await load.finish();
  events = readLogs(verdict.logs);
});
after(async () => {
  load?.end();
  await cluster?.destroy();
});

test('all that was sent is acknowledged and delivered', () => {
  assert.deepEqual(verdict.faults, []);
  assert.equal(verdict.good, true);
  assert.deepEqual(verdict.tool.reasons, []);
  assert.equal(verdict.tool.done, true);
  assert.ok(verdict.tool.acked > 500, `${verdict.tool.acked} acknowledged`);
  assert.ok(verdict.tool.received > verdict.tool.acked);
});

test('every acknowledged message is in the final rooms with its body', () => {
  const final = new Map(events.filter((event) => event.kind === 'item').map((event) => [`${event.room} ${event.seq}`, event]));
  const hashes = new Map(events.filter((event) => event.kind === 'send' && event.op === 'invoke').map((event) => [event.cmid, event.bodyhash]));
  const acks = events.filter((event) => event.kind === 'send' && event.op === 'ok' && event.cmid);
  assert.ok(acks.length > 500);
  for (const ack of acks) assert.equal(final.get(`${ack.room} ${ack.seq}`)?.bodyhash, hashes.get(ack.cmid), ack.cmid);
});

test('the logs hold every kind of event that was provoked', () => {
  const kinds = new Set(events.map((event) => event.kind));
  for (const kind of ['client', 'conn', 'close', 'sub', 'send', 'recv', 'read', 'join', 'end', 'item']) assert.ok(kinds.has(kind), kind);
  assert.ok(kinds.has('leave') || kinds.has('kick'));
  for (const kind of ['revoke', 'use']) assert.ok(kinds.has(kind), kind);
  assert.ok(events.some((event) => event.client === 'w0' && event.kind === 'recv' && event.bodyhash));
});

test('who is signed out is closed, refused by every gateway, and back under another session', () => {
  const own = events.filter((event) => event.client === 'revoked0');
  const certain = own.filter((event) => event.kind === 'revoke' && event.op === 'ok');
  assert.ok(certain.length > 0 && verdict.revoked >= certain.length);
  assert.ok(own.some((event) => event.kind === 'close' && event.err === '4401' && certain.some(({ session }) => session === event.session)));
  assert.ok(own.filter((event) => event.kind === 'use' && event.op === 'fail').length >= 2);
  assert.ok(new Set(own.filter((event) => event.kind === 'conn').map((event) => event.session)).size > 1);
});

test('a client that stays is given each item of its rooms once, in order', () => {
  const own = events.filter((event) => event.client === 'c1' && event.kind === 'recv');
  const last = new Map();
  for (const { room, seq } of own) {
    if (last.has(room)) assert.equal(seq, last.get(room) + 1);
    last.set(room, seq);
  }
  assert.ok(last.size > 0);
});

test('a client that speaks a dialect hears each message of its room once, in order, from the right sender', () => {
  const room = load.spoken[0].id;
  const said = events.filter((event) => event.kind === 'item' && event.room === room && event.cmid).map((event) => `${event.account} ${event.bodyhash}`);
  assert.ok(said.length > 20, `${said.length} messages`);
  for (const name of ['d0', 'd1', 'd2', 'd3']) {
    const own = events.filter((event) => event.client === name);
    const sockets = own.filter((event) => event.kind === 'conn');
    assert.ok(sockets.length >= 2 && sockets.every((event) => event.room === room), name);
    const heard = own.slice(own.lastIndexOf(sockets.at(-1))).filter((event) => event.kind === 'heard').map((event) => `${event.account} ${event.bodyhash}`);
    assert.deepEqual(heard, said.slice(said.indexOf(heard[0])), name);
    assert.ok(own.some((event) => event.kind === 'end'), name);
  }
  assert.ok(events.some((event) => event.client === 'd0' && event.kind === 'send' && event.op === 'ok' && event.seq === undefined));
});

test('the hash of bodies is FNV-1a', () => {
  assert.equal(hashOf(''), 'cbf29ce484222325');
  assert.equal(hashOf('foobar'), '85944171f73967e8');
});
