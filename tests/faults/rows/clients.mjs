// clients - clients that read slowly, not at all, or send nonsense beside those that behave, and ten thousand that come back at once.
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from '../../e2e/lib/cluster.mjs';
import { restartUnder, wrap } from '../lib/conditions.mjs';
import { latencies, percentile } from '../lib/latency.mjs';

const settleMs = 500;
const sampleMs = 1000;
// How much worse the others' p99 may be than beside as many harmless requests (I12).
const slowedMost = 1.2;

const preparedMs = 10000;

const stormSockets = 10000;
const stormMs = 30000;

// The hostile client gets one CPU at most: what it costs the machine is not what it costs the server.
function startHostile({ cluster, load }, rate) {
  const { id, owner } = load.rooms[0];
  const args = [fileURLToPath(new URL('../lib/hostile.mjs', import.meta.url)), cluster.port, rate, owner.access, id];
  return spawn('taskset', ['-c', '0', process.execPath, ...args.map(String)], { stdio: ['pipe', 'inherit', 'inherit'] });
}

// A window in which the hostile client does one thing.
async function sample({ state }, mode, name) {
  state.hostile.stdin.write(`${mode}\n`);
  await delay(settleMs);
  const from = Number(process.hrtime.bigint());
  await delay(sampleMs);
  state.windows.push({ name, from, to: Number(process.hrtime.bigint()) });
}

const kinds = { send: 'acknowledgements', recv: 'deliveries' };

function slowness(found, kind) {
  const [still, beside] = ['still', 'beside'].map((name) => percentile(found[name][kind], 99));
  return { ratio: beside / still, text: `p99 of others' ${kinds[kind]} ${beside.toFixed(0)} us beside a hostile client, ${still.toFixed(0)} us beside as many requests at a static route` };
}

// A row in which others are served beside a client that asks so often, hostile in one mode and then in the next.
const beside = ({ name, modes, hostileRate, prepare = () => {}, ...row }) => ({
  name,
  rate: 1000,
  injections: 24,
  short: 0,
  recoveryMs: 3000,
  setup({ state }) {
    state.windows = [];
  },
  // Both windows of a round, now one first and now the other: what drifts hits both alike.
  async inject(ctx, round) {
    const mode = modes[round % modes.length];
    if (!ctx.state.hostile) {
      await prepare(ctx);
      ctx.state.hostile = startHostile(ctx, hostileRate);
    }
    const order = [['static', 'still'], [mode, 'beside']];
    if (ctx.random() < 0.5) order.reverse();
    for (const [one, window] of order) await sample(ctx, one, window);
    return mode;
  },
  heal({ state }) {
    state.hostile.stdin.write('none\n');
  },
  async check({ load, state, log }) {
    const found = await latencies(load.folder, state.windows);
    const told = Object.keys(kinds).map((kind) => slowness(found, kind));
    for (const { text } of told) log(`${name}: ${text}`);
    return told.filter(({ ratio }) => ratio > slowedMost).map(({ text }) => text);
  },
  teardown({ state }) {
    state.hostile?.kill();
  },
  ...row,
});

export const rows = [
  beside({
    name: 'hostile-clients',
    what: 'a client that stops reading, reads a trickle, or sends nonsense, beside others',
    cluster: { gateways: 1 },
    modes: ['stopped', 'slow', 'garbage'],
    hostileRate: 100,
  }),
  beside({
    name: 'signin-flood',
    what: 'passwords guessed 500 times a second from one address, beside others',
    cluster: { gateways: 1, env: { PARLEY_WRAP: wrap } },
    modes: ['signin'],
    hostileRate: 500,
    // Accounts of the load are made without limits; they hold from the first round on.
    async prepare({ cluster, load }) {
      await restartUnder(cluster, ['gateway0'], () => ['export PARLEY_RATE_LIMITS=on']);
      await load.flows(preparedMs);
    },
  }),
  {
    name: 'storm',
    what: '10 000 sockets lost at once, all back within a second',
    cluster: { gateways: 2 },
    // Each message goes to five hundred: at this rate the machine has time left for the storm.
    rate: 40,
    load: { people: 8, rooms: 40, members: 4, modes: { idle: stormSockets } },
    injections: 20,
    short: 0,
    gap: [500, 800],
    recoveryMs: stormMs,
    async inject({ load, state }) {
      const connected = () => load.stats().connected;
      await until('every client is connected', () => connected() >= stormSockets, stormMs);
      state.clients ??= connected();
      load.storm();
      await until('the sockets are gone', () => connected() < state.clients / 2, stormMs, 5);
      await until('every client is connected again', () => connected() >= stormSockets, stormMs);
      return `${stormSockets} sockets`;
    },
  },
];
