// clients - clients that read slowly or not at all beside those that behave, and ten thousand that come back at once.
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { until } from '../../e2e/lib/cluster.mjs';

// Consumers that come each second, and take the place of the oldest of a hundred.
const hostileRate = 10;
const settleMs = 300;
const sampleMs = 1200;
const stepMs = 50;
// How much worse the others' p99 may be than beside as many harmless requests (I12).
const slowedMost = 1.2;

const stormSockets = 10000;
const stormMs = 30000;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

// The hostile clients get one CPU at most: what they cost the machine is not what they cost the server.
function startHostile({ cluster, load }) {
  const { id, owner } = load.rooms[0];
  const args = [fileURLToPath(new URL('../lib/hostile.mjs', import.meta.url)), cluster.port, hostileRate, owner.access, id];
  return spawn('taskset', ['-c', '0', process.execPath, ...args.map(String)], { stdio: ['pipe', 'inherit', 'inherit'] });
}

// The 99th percentiles that the load client reports while the hostile clients do one thing.
async function sampled({ load, state }, mode) {
  state.hostile.stdin.write(`${mode}\n`);
  await delay(settleMs);
  const found = [];
  const end = Date.now() + sampleMs;
  for (let last = load.stats().t; Date.now() < end; await delay(stepMs)) {
    const { t, p99_us: p99 } = load.stats();
    if (t !== last && p99 > 0) found.push(p99);
    last = t;
  }
  return found;
}

export const rows = [
  {
    name: 'slow-consumers',
    what: 'clients that stop reading, or read a trickle, beside others',
    cluster: { gateways: 1 },
    rate: 1000,
    injections: 20,
    short: 0,
    recoveryMs: 3000,
    setup({ state }) {
      Object.assign(state, { still: [], beside: [] });
    },
    async inject(ctx, round) {
      const mode = ['stopped', 'slow'][round % 2];
      ctx.state.hostile ??= startHostile(ctx);
      ctx.state.still.push(...(await sampled(ctx, 'static')));
      ctx.state.beside.push(...(await sampled(ctx, mode)));
      return mode;
    },
    heal({ state }) {
      state.hostile.stdin.write('none\n');
    },
    check({ state, log }) {
      const [still, beside] = [median(state.still), median(state.beside)];
      log(`slow-consumers: p99 of acknowledgements ${beside} us beside them, ${still} us beside GET /healthz`);
      return beside > still * slowedMost ? [`p99 of others' acknowledgements is ${beside} us beside consumers that don't read, ${still} us beside as many requests at a static route`] : [];
    },
    teardown({ state }) {
      state.hostile?.kill();
    },
  },
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
