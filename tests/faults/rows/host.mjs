// host - the machine under the processes: clocks that jump, stand still or drift, memory and descriptors that run out.
import { existsSync, readdirSync, renameSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../../e2e/lib/cluster.mjs';
import { folderOf, restartUnder, wrap, writeReadable } from '../lib/conditions.mjs';
import { Server } from '../lib/postgres.mjs';
import { cpuDuring, fdsOf } from '../lib/proc.mjs';
import { pick, pickSome } from '../lib/seeded.mjs';

const cluster = { gateways: 2, brokers: 2, env: { PARLEY_WRAP: wrap } };

// ---- clocks -------------------------------------------------------------------------------------------------------------

const libraries = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'];
// How long a process may keep the offset it has read.
const cacheSeconds = 1;

const clockFile = (ctx, name) => join(folderOf(ctx.cluster), `${name}.clock`);

// What a clock shows is given to libfaketime: an offset in seconds, or a time of day at which it stands still.
function setClock(ctx, name, shows) {
  const file = clockFile(ctx, name);
  writeReadable(`${file}.new`, `${shows}\n`);
  renameSync(`${file}.new`, file);
}

// Seconds by which clocks that nobody looks after are apart; tokens bear 5.
const driftSeconds = 2;
const drift = (ctx) => ((ctx.random() * 2 - 1) * driftSeconds).toFixed(3).replace(/^(?!-)/, '+');

const timeOfDay = (ms) => new Date(ms).toISOString().replace('T', ' ').slice(0, 19);

const jumps = [
  { name: '+1 h', shows: () => '+3600' },
  { name: '-1 h', shows: () => '-3600' },
  { name: '-1 day', shows: () => '-86400' },
  { name: '+1 day', shows: () => '+86400' },
  { name: 'frozen', shows: () => timeOfDay(Date.now()) },
];

const timed = ['postgres', 'store', 'broker0', 'broker1', 'auth', 'chat', 'gateway0', 'gateway1'];

// `offset` is what a process shows when nothing is wrong.
async function openClocks(ctx, offset = () => '+0') {
  const library = libraries.find(existsSync);
  if (!library) throw new Error('libfaketime is not installed (Debian: faketime)');
  ctx.state.server = await Server.of(ctx.cluster);
  for (const name of timed) setClock(ctx, name, offset(name));
  await restartUnder(ctx.cluster, timed, (name) => [
    `export LD_PRELOAD=${library} DONT_FAKE_MONOTONIC=1 FAKETIME_CACHE_DURATION=${cacheSeconds} TZ=UTC`,
    `export FAKETIME_TIMESTAMP_FILE=${clockFile(ctx, name)}`,
  ]);
}

// The times of a room's items rise strictly, whatever the clocks do.
async function timesThatFall(ctx) {
  const [count] = await ctx.state.server.sql('SELECT count (*) FROM (SELECT created_at <= lag (created_at) OVER (PARTITION BY room ORDER BY seq) AS falls FROM item) i WHERE falls');
  return count === '0' ? [] : [`${count} items are not later than the one before in their room`];
}

// ---- memory ---------------------------------------------------------------------------------------------------------------

const noMemory = join(root, process.env.BUILD ?? 'build/release', 'tools/no_memory.so');
const starved = timed.filter((name) => name !== 'postgres');
// Allocations of which one fails.
const oneIn = 2000;

// Lets a process begin anew with allocations that fail, or with none.
async function starve(ctx, name, rate) {
  const lines = rate ? [`export LD_PRELOAD=${noMemory} NO_MEMORY_ONE_IN=${rate} NO_MEMORY_SEED=${Math.floor(ctx.random() * 2 ** 31)}`] : [];
  writeReadable(join(folderOf(ctx.cluster), name), `${lines.join('\n')}\n`);
  await ctx.cluster.kill(name, 'SIGKILL');
  return name;
}

// Both libzmq and the daemons end on purpose where they can't go on; a bad address is always a mistake.
function mistakes({ cluster: { log } }) {
  if (log.includes('a bad address was used')) return ['a process used a bad address'];
  return log.includes('an allocation failed') ? [] : ['no allocation failed: the row proves nothing'];
}

// ---- descriptors ----------------------------------------------------------------------------------------------------------

// Descriptors that each may have: all that it needs by itself, and few more.
const fileLimits = { gateway0: 256, gateway1: 256, broker0: 128, broker1: 128 };
const spinPercent = 10;
const cpuMs = 600;
const settleMs = 300;
const servedMs = 5000;

// Connections that say nothing, more than the other side has descriptors for.
class Leak {
  constructor(target, count) {
    this.sockets = new Set();
    for (let i = 0; i < count; i++) {
      const socket = connect(target);
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
    }
  }

  close() {
    for (const socket of this.sockets) socket.destroy();
  }
}

function addressOf(running, name) {
  if (name.startsWith('gateway')) return { host: '127.0.0.1', port: running.port + Number(name.slice(-1)) };
  const folder = join(running.runEnv().PARLEY_RUN_DIR, `b${name.slice(-1)}`);
  return { path: join(folder, readdirSync(folder).find((file) => file.startsWith('chat'))) };
}

// ---- rows ---------------------------------------------------------------------------------------------------------------

export const rows = [
  {
    name: 'clock',
    what: 'wall clocks jump by an hour or a day, or stand still',
    cluster,
    injections: 20,
    short: 0,
    hold: [1200, 1800],
    recoveryMs: 3000 + cacheSeconds * 1000,
    setup: openClocks,
    async inject(ctx, round) {
      const jump = jumps[round % jumps.length];
      // One process alone, or all together but for one: both kinds of disagreement.
      const some = round % 2 === 0 ? [pick(ctx.random, timed)] : pickSome(ctx.random, timed, timed.length - 1);
      ctx.state.jumped = some;
      for (const name of some) setClock(ctx, name, jump.shows());
      return `${jump.name} ${some.length === 1 ? some[0] : 'nearly all'}`;
    },
    heal(ctx) {
      for (const name of ctx.state.jumped) setClock(ctx, name, '+0');
    },
    check: timesThatFall,
  },
  {
    name: 'clock-drift',
    what: 'every process has a clock of its own, seconds apart and stepped',
    cluster,
    injections: 20,
    short: 0,
    hold: [1200, 1800],
    // Nothing may stop for this: the time is that of an undisturbed send, on a machine that is busy.
    recoveryMs: 1000,
    setup: (ctx) => openClocks(ctx, () => drift(ctx)),
    inject(ctx) {
      for (const name of timed) setClock(ctx, name, drift(ctx));
      return 'all';
    },
    check: timesThatFall,
  },
  {
    name: 'memory',
    what: 'one allocation in 2000 fails in each daemon',
    cluster,
    injections: 20,
    short: 0,
    hold: [1000, 2000],
    recoveryMs: 5000,
    inject: (ctx, round) => starve(ctx, starved[round % starved.length], oneIn),
    heal: (ctx, round) => starve(ctx, starved[round % starved.length], 0),
    check: mistakes,
  },
  {
    name: 'descriptors',
    what: 'connections leaked until a gateway, a broker has no descriptor left',
    cluster,
    injections: 20,
    short: 0,
    // Little else is asked of the processes, so that what they use is the fault's.
    rate: 300,
    hold: [100, 300],
    recoveryMs: 3000,
    setup(ctx) {
      ctx.state.findings = [];
      return restartUnder(ctx.cluster, Object.keys(fileLimits), (name) => [`ulimit -n ${fileLimits[name]}`]);
    },
    async inject(ctx, round) {
      const { cluster: running, state } = ctx;
      const target = Object.keys(fileLimits)[round % Object.keys(fileLimits).length];
      const pid = running.pids()[target];
      const before = await cpuDuring(pid, cpuMs);
      state.leak = new Leak(addressOf(running, target), fileLimits[target]);
      await delay(settleMs);
      const full = await cpuDuring(pid, cpuMs);
      if (full - before > spinPercent) state.findings.push(`${target} uses ${Math.round(full)} % of a core while full, ${Math.round(before)} % before`);
      // Whoever was there before is served.
      await ctx.load.flows(servedMs);
      // libzmq ends a broker that can't accept on a socket file (ipc_listener.cpp): another is started, the peers use the other one.
      const held = running.pids()[target] === pid ? `${fdsOf(pid)} descriptors` : 'ended and started again';
      ctx.log(`${target} full: ${held}, ${Math.round(before)} % then ${Math.round(full)} % of a core`);
      return target;
    },
    heal({ state }) {
      state.leak.close();
    },
    check: ({ state }) => state.findings,
    teardown({ state }) {
      state.leak?.close();
    },
  },
];
