// files_large - what large files, many transfers and slow readers cost in memory: windows, never files.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuDuring, rssOf } from '../faults/lib/proc.mjs';
import { person } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { ask, compare, contentOf, contentPath, create, patch, put, streamOf } from './lib/files.mjs';

const MiB = 1024 * 1024;
const size = Number(process.env.FILES_LARGE ?? 1024 * MiB);
const growthMost = 64 * MiB;
const transfers = 200;
// Of a core, while nobody but the slow reader is there.
const [idleMs, idlePercent] = [2000, 10];
const window = MiB;
const names = ['gateway0', 'drive'];

// Builds with sanitizers keep what was freed: their memory says nothing.
const isMeasured = !process.env.PARLEY_BIN_DIR;

let cluster;
let ann;
before(async () => {
  cluster = await Cluster.start({ env: { PARLEY_ACCESS_TTL: '1h', PARLEY_UPLOADS_MAX: String(transfers + 1) } });
  ann = await person(cluster.url(), 'ann');
});
after(() => cluster?.destroy());

// Runs `work` and gives how much more memory than before each process had at its most.
async function growthOf(work) {
  const pids = cluster.pids();
  const before = Object.fromEntries(names.map((name) => [name, rssOf(pids[name])]));
  const most = { ...before };
  const sample = () => names.forEach((name) => (most[name] = Math.max(most[name], rssOf(pids[name]))));
  const timer = setInterval(sample, 50);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  sample();
  assert.deepEqual(names.map((name) => cluster.pids()[name]), names.map((name) => pids[name]), 'a process began anew');
  return Object.fromEntries(names.map((name) => [name, most[name] - before[name]]));
}

const tell = (what, growth, ms) => console.log(`# ${what}: ${names.map((name) => `${name} +${(growth[name] / MiB).toFixed(1)} MiB`).join(', ')}${ms ? `, ${(size / MiB / (ms / 1000)).toFixed(0)} MiB/s` : ''}`);

function assertGrowth(what, growth, most) {
  if (!isMeasured) return;
  const sum = names.reduce((total, name) => total + growth[name], 0);
  assert.ok(sum < most, `${what}: ${names.join(' and ')} grew by ${(sum / MiB).toFixed(1)} MiB, the limit is ${most / MiB} MiB`);
}

test('a file of 1 GiB goes up and comes down through 64 MiB of memory', async () => {
  let file;
  const begun = Date.now();
  const up = await growthOf(async () => {
    file = await put(cluster.url(), ann.access, 'large', streamOf('large', 0, size), { length: size });
  });
  tell(`${size / MiB} MiB up`, up, Date.now() - begun);
  assert.equal(file.size, size);
  const turned = Date.now();
  const down = await growthOf(async () => assert.equal(await compare(cluster.url(), ann.access, file, 'large'), size));
  tell(`${size / MiB} MiB down`, down, Date.now() - turned);
  assertGrowth('up', up, growthMost);
  assertGrowth('down', down, growthMost);
});

test('a reader of 10 KB/s costs a window of memory and next to no CPU, and the others read on', async () => {
  const file = await put(cluster.url(), ann.access, 'slow', contentOf('slow', 0, 32 * MiB));
  const left = new AbortController();
  let taken = 0;
  const begun = Date.now();
  let slow;
  const growth = await growthOf(async () => {
    slow = ask(cluster.url(), 'GET', contentPath(file), {
      token: ann.access,
      signal: left.signal,
      take(part) {
        taken += part.length;
        return delay(Math.max(0, (taken / 10000) * 1000 - (Date.now() - begun)), null, { ref: false });
      },
    }).catch((error) => error);
    for (let i = 0; i < 3; i++) assert.equal(await compare(cluster.url(), ann.access, file, 'slow'), 32 * MiB);
    const used = await Promise.all(names.map((name) => cpuDuring(cluster.pids()[name], idleMs)));
    if (isMeasured) assert.ok(used.every((percent) => percent < idlePercent), `${names.join(' and ')} use ${used.map(Math.round).join(' and ')} % of a core`);
  });
  tell('a slow reader', growth);
  assert.ok(taken > 0 && taken < 8 * MiB, `${taken} bytes taken`);
  left.abort();
  await slow;
  assertGrowth('a slow reader', growth, growthMost);
});

test(`${transfers} transfers at once take a window each`, async () => {
  const each = 4 * MiB;
  const file = await put(cluster.url(), ann.access, 'many', contentOf('many', 0, each));
  const rate = each / 8;
  const slowly = (begun) => {
    let taken = 0;
    return (part) => delay(Math.max(0, ((taken += part.length) / rate) * 1000 - (Date.now() - begun)));
  };
  const down = async () => assert.equal(await compare(cluster.url(), ann.access, file, 'many', { take: slowly(Date.now()) }), each);
  const up = async (i) => {
    const { headers } = await create(cluster.url(), ann.access, { name: `many-${i}`, length: each });
    const answer = await patch(cluster.url(), ann.access, headers.location, 0, streamOf(`many-${i}`, 0, each, { rate, size: 64 * 1024 }), { length: each });
    assert.equal(answer.status, 204, String(answer.body));
  };
  const growth = await growthOf(() => Promise.all(Array.from({ length: transfers }, (_, i) => (i % 2 ? up(i) : down()))));
  tell(`${transfers} transfers at once`, growth);
  // Each end of a stream may hold a window.
  assertGrowth(`${transfers} transfers`, growth, 2 * transfers * window + growthMost);
  await until('the gateway is ready', async () => (await fetch(`${cluster.url()}/readyz`)).status === 200);
});
