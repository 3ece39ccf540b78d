// bench - `make bench`: each row beside its yardstick, in one run, on this machine. Prints Markdown.
// usage: node tests/bench/bench.mjs [SECONDS]
import { execFile, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { person, roomOf } from '../e2e/lib/api.mjs';
import { Cluster, root, until } from '../e2e/lib/cluster.mjs';
import { ask, memberOf } from '../e2e/lib/dialect.mjs';

const seconds = Number(process.argv[2] ?? 4);
const tools = join(root, process.env.BUILD ?? 'build/release', 'tools');
const run = promisify(execFile);

async function tool(name, ...args) {
  const { stdout } = await run(join(tools, name), args.map(String), { maxBuffer: 1 << 20 });
  return JSON.parse(stdout);
}

// User and system CPU seconds of a process so far.
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

// Runs `work` and returns its result with the CPU seconds each process used meanwhile.
async function measured(pids, work) {
  const before = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpu(pid)]));
  const result = await work();
  const used = Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpu(pid) - before[name]]));
  return { ...result, used };
}

// The daemons alone: PostgreSQL's work is done in processes that come and go.
function daemons(cluster) {
  const { postgres, ...rest } = cluster.pids();
  return rest;
}

// Turns of two ways that are compared with each other.
const dialectRuns = 3;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const sum = (values) => Object.values(values).reduce((a, b) => a + b, 0);
const rate = (count, time) => `${(count / time / 1000).toFixed(1)} k/s`;
const perMillion = (used, count) => ((used / count) * 1e6).toFixed(2);

async function fanOut(cluster, ann, room, clients, window) {
  const port = cluster.port;
  const args = ['fanout', clients, window, seconds];
  const parley = await measured(daemons(cluster), () => tool('ws_load', port, ...args, ann.access, room));
  const raw = spawn(join(tools, 'raw_server'), [String(port + 500), String(parley.frame_bytes)], { stdio: 'inherit' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const yard = await measured({ raw: raw.pid }, () => tool('ws_load', port + 500, ...args, '-', 'x'));
  raw.kill();
  const all = sum(parley.used);
  console.log(
    `| fan-out 1x${clients}, ${window} in flight | ${rate(parley.deliveries, seconds)} | ${rate(yard.deliveries, seconds)} | ${(parley.deliveries / yard.deliveries).toFixed(2)} |` +
      ` p50 ${parley.p50_us} us, p99 ${parley.p99_us} us (yardstick ${yard.p50_us}, ${yard.p99_us}); CPU-s per million deliveries: gateway ${perMillion(parley.used.gateway0, parley.deliveries)}, all daemons ${perMillion(all, parley.deliveries)}, yardstick ${perMillion(yard.used.raw, yard.deliveries)}; ${parley.errors} errors |`,
  );
}

// The same room size and texts natively and on the sockets of a members' room, turn by turn; medians.
async function fanOutThroughDialect(cluster, native, dialect, clients, window) {
  const ways = { fanout: [], dialect: [] };
  for (let i = 0; i < dialectRuns; i++)
    for (const [mode, { who, room }] of [['fanout', native], ['dialect', dialect]])
      ways[mode].push(await measured(daemons(cluster), () => tool('ws_load', cluster.port, mode, clients, window, seconds, who.access, room)));
  const of = (mode, value) => median(ways[mode].map(value));
  const ratio = (value) => (of('dialect', value) / of('fanout', value)).toFixed(2);
  const [gateway, all] = [({ used, deliveries }) => used.gateway0 / deliveries, ({ used, deliveries }) => sum(used) / deliveries];
  const times = (mode) => ['p50_us', 'p99_us'].map((key) => of(mode, (run) => run[key])).join(', ');
  console.log(
    `| fan-out through a dialect 1x${clients}, ${window} in flight | ${rate(of('dialect', (run) => run.deliveries), seconds)} | ${rate(of('fanout', (run) => run.deliveries), seconds)} (native) | ${ratio((run) => run.deliveries)} |` +
      ` medians of ${dialectRuns}; CPU per delivery against native: gateway ${ratio(gateway)}, all daemons ${ratio(all)}; p50, p99 ${times('dialect')} us (native ${times('fanout')}); frames of ${of('dialect', (run) => run.frame_bytes)} bytes (native ${of('fanout', (run) => run.frame_bytes)}); ${sum(ways.dialect.map((run) => run.errors))} errors |`,
  );
}

async function durable(cluster, ann, rooms, clients, window, batch) {
  const parley = await measured(daemons(cluster), () => tool('ws_load', cluster.port, 'durable', clients, window, seconds, ann.access, rooms.join(',')));
  const yard = await tool('insert', join(cluster.state, 'database'), batch, seconds);
  const shares = Object.entries(parley.used)
    .filter(([, used]) => used > 0.01)
    .map(([name, used]) => `${name} ${((used / parley.acks) * 1e6).toFixed(0)}`)
    .join(', ');
  console.log(
    `| durable, ${clients} senders in ${rooms.length} room${rooms.length > 1 ? 's' : ''}, ${window} in flight each | ${rate(parley.acks, seconds)} | ${rate(yard.rows, yard.seconds)} (batches of ${batch}) | ${(parley.acks / seconds / (yard.rows / yard.seconds)).toFixed(2)} |` +
      ` p50 ${parley.p50_us} us, p99 ${parley.p99_us} us; CPU-us per message: ${shares}; ${parley.errors} errors |`,
  );
}

async function bulk(kind, streams) {
  const runs = [];
  for (let i = 0; i < 5; i++) runs.push(await tool('bulk', 'speed', 1024, kind, streams));
  const [ours, plain] = ['mb_s', 'plain_mb_s'].map((key) => median(runs.map((r) => r[key])));
  console.log(`| bulk, ${streams} stream${streams > 1 ? 's' : ''}, ${kind} | ${ours} MB/s | ${plain} MB/s | ${(ours / plain).toFixed(2)} | median of 5; the yardstick is PUSH and PULL with the same frames |`);
}

async function bulkMemory(streams) {
  const { window, taker_bytes: taker, giver_bytes: giver } = await tool('bulk', 'memory', streams);
  const windows = streams * window;
  const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  console.log(`| bulk, memory of ${streams} full streams | ${mib(taker)} | ${mib(windows)} | ${(taker / windows).toFixed(2)} | beside windows; the giver's when the taker reads none: ${mib(giver)} |`);
}

const cluster = await Cluster.start({ env: { PARLEY_WS_RATE: '0', PARLEY_ACCESS_TTL: '1h' } });
try {
  await until('all processes are counted', () => Object.keys(cluster.pids()).length >= 8);
  const ann = await person(cluster.url(), 'bench');
  const rooms = [];
  for (let i = 0; i < 100; i++) rooms.push((await roomOf(cluster.url(), [ann], `bench ${i}`)).id);
  console.log(`${cpus().length} x ${cpus()[0].model}, ${seconds} s a row, client and servers share the machine\n`);
  console.log('| row | Parley | yardstick | ratio | notes |\n|---|---|---|---|---|');
  await fanOut(cluster, ann, rooms[0], 100, 128);
  await fanOut(cluster, ann, rooms[1], 1000, 8);
  await fanOut(cluster, ann, rooms[1], 1000, 32);
  const bob = await memberOf(cluster.url(), 'bench');
  const made = await ask(cluster.url(), 'POST', '/api/v1/chat/room/create/', { name: 'bench', members: [Number(bob.id), Number(ann.id)] }, { as: `Token ${bob.knox}` });
  await fanOutThroughDialect(cluster, { who: ann, room: rooms[1] }, { who: bob, room: made.json.slug }, 1000, 32);
  await durable(cluster, ann, rooms.slice(2, 3), 64, 4, 64);
  await durable(cluster, ann, rooms, 200, 4, 256);
  await bulk('ipc', 1);
  await bulk('tcp', 1);
  await bulk('ipc', 8);
  await bulkMemory(200);
} finally {
  await cluster.destroy();
}
