// trace - `parley trace` and `parley status`: every process is asked, and what they remember is one story in order.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { person, roomOf } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { Cluster, root, until } from './lib/cluster.mjs';

const parley = join(process.env.PARLEY_BIN_DIR ?? join(root, 'build/release/bin'), 'parley');
let cluster, ann, bob, room, a, b;

before(async () => {
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_CHATS: '2' } });
  [ann, bob] = [await person(cluster.url(0), 'ann'), await person(cluster.url(1), 'bob')];
  room = await roomOf(cluster.url(0), [ann, bob]);
  a = new Client({ urls: [cluster.ws(0)], token: ann.access, name: 'ann' });
  b = new Client({ urls: [cluster.ws(1)], token: bob.access, name: 'bob' });
  a.connect();
  b.connect();
  await Promise.all([a.join(room.id), b.join(room.id)]);
});

after(async () => {
  a?.close();
  b?.close();
  await cluster?.destroy();
});

function ask(...args) {
  const answer = spawnSync(parley, [...args, '--state-dir', cluster.state], { encoding: 'utf8' });
  return { code: answer.status, out: answer.stdout, err: answer.stderr };
}

// The trace once both gateways have told of the delivery.
function traced(...what) {
  return until(`both gateways delivered ${what}`, () => {
    const answer = ask('trace', ...what, '--json');
    assert.equal(answer.code, 0, answer.err + answer.out);
    const trace = JSON.parse(answer.out);
    return trace.hops.filter((hop) => hop.kind === 'delivered').length === 2 && trace;
  });
}

// What happened where, each once, in the order it must have; others may lie between.
const road = [
  ['gateway', 'taken', 'chat_send'],
  ['gateway', 'asked', 'chat_send'],
  ['broker', 'request_in', 'chat_send'],
  ['broker', 'request_out', 'chat_send'],
  ['chat', 'taken', 'chat_send'],
  ['chat', 'asked', 'store_append'],
  ['broker', 'request_in', 'store_append'],
  ['broker', 'request_out', 'store_append'],
  ['store', 'taken', 'store_append'],
  ['store', 'begun'],
  ['store', 'numbered'],
  ['store', 'committed'],
  ['store', 'replied', 'store_append'],
  ['broker', 'answer_in', 'store_append'],
  ['broker', 'answer_out', 'store_append'],
  ['chat', 'answered', 'store_append'],
  ['chat', 'published'],
  ['chat', 'replied', 'chat_send'],
  ['broker', 'answer_in', 'chat_send'],
  ['broker', 'answer_out', 'chat_send'],
  ['gateway', 'answered', 'chat_send'],
  ['gateway', 'acked'],
];

function assertRoad(trace) {
  const places = road.map(([service, kind, op]) => {
    const found = trace.hops.flatMap((hop, i) => (hop.service === service && hop.kind === kind && hop.op === op ? [i] : []));
    assert.equal(found.length, 1, `${service} ${kind} ${op ?? ''}: ${found.length} times\n${JSON.stringify(trace.hops, null, 1)}`);
    return trace.hops[found[0]].at_us;
  });
  // An answer may be taken before who sent it has noted so: a hop of the same process is never out of order.
  for (let i = 1; i < places.length; i++) {
    const isSame = road[i][0] === road[i - 1][0];
    const slackUs = isSame ? 0 : 2000;
    assert.ok(places[i] >= places[i - 1] - slackUs, `${road[i]} before ${road[i - 1]}`);
  }
}

test('a message is traced through every process to both gateways, in order', async () => {
  const ok = await a.send(room.id, 'where does this go?');
  const trace = await traced(room.id, String(ok.seq));
  assertRoad(trace);
  assert.equal(trace.requests.length, 1);
  assert.equal(trace.item.sender, ann.id);
  assert.deepEqual(trace.forgotten, []);
  assert.equal(trace.silent, 0);
  const delivered = trace.hops.filter((hop) => hop.kind === 'delivered');
  assert.equal(new Set(delivered.map((hop) => hop.instance)).size, 2);
  const heard = trace.hops.filter((hop) => hop.kind === 'received');
  assert.ok(delivered.every((hop) => heard.some((one) => one.instance === hop.instance && one.at_us <= hop.at_us)));
});

test('the request id of a REST call, a given trace id among them, leads to the same story', async () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  const answer = await fetch(`${cluster.url(0)}/v1/rooms/${room.id}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ann.access}`, 'content-type': 'application/json', traceparent: `00-${id}-00f067aa0ba902b7-01` },
    body: JSON.stringify({ body: 'by REST', send_id: 'rest-1' }),
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('x-request-id'), id);
  const trace = await traced(id);
  assertRoad(trace);
  assert.equal(trace.item.send_id, 'rest-1');
});

test('for people it is a drawing, and says what nobody remembers', async () => {
  const ok = await a.send(room.id, 'draw me');
  const { code, out } = ask('trace', room.id, String(ok.seq));
  assert.equal(code, 0);
  assert.match(out, new RegExp(`^room ${room.id} seq ${ok.seq}: message by account ${ann.id}, send_id `));
  assert.match(out, /\* +\| +gateway \d+|\* +gateway \d+ +takes chat_send/);
  const none = ask('trace', room.id, '999999');
  assert.equal(none.code, 1);
  assert.match(none.out, /No instance remembers a hop of it/);
  assert.equal(ask('trace', 'x', 'y').code, 2);
});

test('status tells of every instance, gateways too', () => {
  const { code, out } = ask('status', '--json');
  assert.equal(code, 0, out);
  const { instances } = JSON.parse(out);
  const ready = (service) => instances.filter((one) => one.service === service && one.answers && one.ready).length;
  assert.deepEqual([ready('gateway'), ready('chat'), ready('store'), ready('auth')], [2, 2, 1, 1]);
  assert.equal(new Set(instances.map((one) => one.pid)).size, instances.length);
});

test('what a process has forgotten by a restart is said, and what store knows is told', async () => {
  const ok = await a.send(room.id, 'soon forgotten');
  await cluster.kill('chat');
  await cluster.kill('chat1');
  const { out } = await until('the chats are back', () => {
    const status = JSON.parse(ask('status', '--json').out);
    return status.ok && status.instances.filter((one) => one.service === 'chat').length === 2 && ask('trace', room.id, String(ok.seq));
  });
  assert.match(out, /soon|message by account/);
  assert.match(out, /chat \d+ remembers nothing before 20/);
});
