// clients - clients that read slowly, not at all, or send nonsense beside those that behave, and ten thousand that come back at once.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { until } from '../../e2e/lib/cluster.mjs';
import { beside } from '../lib/beside.mjs';
import { restartUnder, wrap } from '../lib/conditions.mjs';

const preparedMs = 10000;

const stormSockets = 10000;
const stormMs = 30000;

// The hostile client gets one CPU at most: what it costs the machine is not what it costs the server.
function startHostile({ cluster, load }, rate) {
  const { id, owner } = load.rooms[0];
  const args = [fileURLToPath(new URL('../lib/hostile.mjs', import.meta.url)), cluster.port, rate, owner.access, id];
  return spawn('taskset', ['-c', '0', process.execPath, ...args.map(String)], { stdio: ['pipe', 'inherit', 'inherit'] });
}

// A row in which others are served beside a client that asks so often, hostile in one mode and then in the next.
const besideHostile = ({ hostileRate, prepare = () => {}, ...row }) =>
  beside({
    async begin(ctx) {
      await prepare(ctx);
      ctx.state.hostile = startHostile(ctx, hostileRate);
    },
    still: ({ state }) => state.hostile.stdin.write('static\n'),
    act: ({ state }, mode) => state.hostile.stdin.write(`${mode}\n`),
    rest: ({ state }) => state.hostile.stdin.write('none\n'),
    end: ({ state }) => state.hostile?.kill(),
    words: { odd: 'a hostile client', harmless: 'as many requests at a static route' },
    ...row,
  });

export const rows = [
  besideHostile({
    name: 'hostile-clients',
    what: 'a client that stops reading, reads a trickle, or sends nonsense, beside others',
    cluster: { gateways: 1 },
    modes: ['stopped', 'slow', 'garbage'],
    hostileRate: 100,
  }),
  besideHostile({
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
    // Of the rooms an eighth has a thousand sockets each: at this rate the machine has time left for the storm.
    rate: 160,
    load: { people: 8, rooms: 160, members: 2, modes: { idle: stormSockets } },
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
