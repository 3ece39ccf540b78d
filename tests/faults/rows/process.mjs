// process - processes killed, stopped and restarted, one at a time and together.
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../e2e/lib/cluster.mjs';
import { childrenOf, familyOf } from '../lib/proc.mjs';
import { pick, pickSome } from '../lib/seeded.mjs';

// Two of everything that may be there twice.
const twice = { gateways: 2, brokers: 2, env: { PARLEY_STORES: '2', PARLEY_CHATS: '2', PARLEY_AUTHS: '2', PARLEY_DRIVES: '2' } };
const processes = 13;

const supervisorMs = 1000;
const flowsMs = 10000;
const pauseMs = [1000, 5000];

// PostgreSQL replays its log before it takes connections, and after kill -9 supervisor may try twice: the last of the old backends
// has to go first.
const recoveryMs = (target) => (/postgres|all|backend/.test(target) ? 10000 : 3000);

// Names of all processes; each round of a row takes the next one, in an order of the row's own.
async function targetsOf(ctx) {
  const pids = await until('all processes run', () => (Object.keys(ctx.cluster.pids()).length === processes ? ctx.cluster.pids() : null));
  ctx.state.targets = pickSome(ctx.random, Object.keys(pids), processes);
}

const targetOf = ({ state }, round) => state.targets[round % state.targets.length];

// A process that ends within its first second is started again later by supervisor, which is not what a row measures.
async function signalAll({ cluster }, names, signal) {
  const pids = cluster.pids();
  for (const name of names) process.kill(pids[name], signal);
  if (signal !== 'SIGKILL') return;
  await until('the killed are replaced', () => Object.entries(cluster.pids()).filter(([name, pid]) => names.includes(name) && pid !== pids[name]).length === names.length);
}

// PostgreSQL's backends don't stop with their postmaster.
function signalFamilies(cluster, names, signal) {
  const pids = cluster.pids();
  for (const pid of names.flatMap((name) => (pids[name] ? familyOf(pids[name]) : []))) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
  }
}

export const rows = [
  {
    name: 'kill',
    what: 'kill -9 of each process in turn',
    cluster: twice,
    injections: 39,
    short: 13,
    hold: [400, 800],
    recoveryMs,
    setup: targetsOf,
    async inject({ cluster, state }, round) {
      const target = targetOf({ state }, round);
      await cluster.kill(target);
      return target;
    },
  },
  {
    name: 'kill-pairs',
    what: 'kill -9 of two processes at once',
    cluster: twice,
    injections: 22,
    short: 0,
    gap: [supervisorMs, supervisorMs + 300],
    hold: [300, 600],
    recoveryMs,
    setup: targetsOf,
    async inject(ctx) {
      const pair = pickSome(ctx.random, ctx.state.targets, 2);
      await signalAll(ctx, pair, 'SIGKILL');
      return pair.join('+');
    },
  },
  {
    name: 'kill-brokers',
    what: 'kill -9 of both brokers at once: every event under way is gone',
    cluster: twice,
    injections: 22,
    short: 0,
    gap: [supervisorMs, supervisorMs + 300],
    hold: [300, 600],
    recoveryMs,
    async inject(ctx) {
      await signalAll(ctx, ['broker0', 'broker1'], 'SIGKILL');
      return 'broker0+broker1';
    },
  },
  {
    name: 'kill-all',
    what: 'kill -9 of every process at once',
    cluster: twice,
    injections: 20,
    short: 0,
    gap: [supervisorMs, supervisorMs + 300],
    hold: [300, 600],
    recoveryMs,
    setup: targetsOf,
    async inject(ctx) {
      await signalAll(ctx, ctx.state.targets, 'SIGKILL');
      return 'all';
    },
  },
  {
    name: 'pause',
    what: 'SIGSTOP for 1 to 5 s of each process, and of all',
    cluster: twice,
    injections: 28,
    short: 0,
    recoveryMs,
    setup: targetsOf,
    async inject(ctx, round) {
      const names = round % (processes + 1) === processes ? ctx.state.targets : [targetOf(ctx, round)];
      signalFamilies(ctx.cluster, names, 'SIGSTOP');
      // Short ones more often: they end while others still wait for the one that is stopped.
      await delay(pauseMs[0] + (pauseMs[1] - pauseMs[0]) * ctx.random() ** 3);
      ctx.state.stopped = names;
      return names.length > 1 ? 'all' : names[0];
    },
    heal({ cluster, state }) {
      signalFamilies(cluster, state.stopped, 'SIGCONT');
    },
  },
  {
    name: 'restart',
    what: 'SIGTERM to each process: drained, started again',
    cluster: twice,
    // Members that come and go are refused for good reasons; a drain waits for who reads slowly.
    load: { modes: {}, speakers: { normal: 2 } },
    injections: 26,
    short: 0,
    gap: [300, 600],
    hold: [300, 600],
    recoveryMs,
    setup: targetsOf,
    async inject({ cluster, state }, round) {
      const target = targetOf({ state }, round);
      // PostgreSQL's word for "end now, in good order" is SIGINT; SIGTERM waits until its clients have gone.
      const pid = await cluster.kill(target, target === 'postgres' ? 'SIGINT' : 'SIGTERM');
      await until(`${target} has ended and begun again`, () => ![undefined, pid].includes(cluster.pids()[target]));
      return target;
    },
    check: (ctx, verdict) => (verdict.refused ? [`${verdict.refused} sends were refused during restarts`] : []),
  },
  {
    name: 'broker-loss',
    what: 'one broker away for 1 to 2 s, all flows through the other',
    cluster: twice,
    injections: 20,
    short: 0,
    hold: [500, 1500],
    recoveryMs,
    async inject(ctx) {
      ctx.state.broker = pick(ctx.random, ['broker0', 'broker1']);
      await ctx.cluster.supervise('stop', ctx.state.broker);
      await ctx.load.flows(flowsMs);
      return ctx.state.broker;
    },
    async heal({ cluster, state }) {
      await cluster.supervise('start', state.broker);
    },
  },
  {
    name: 'postgres-crash',
    what: 'PostgreSQL shut down at once, or one of its processes killed',
    cluster: twice,
    injections: 24,
    short: 4,
    hold: [300, 600],
    recoveryMs,
    async inject({ cluster, random }, round) {
      const pid = await until('postgres runs', () => cluster.pids().postgres);
      const victim = round % 2 === 0 ? pid : pick(random, childrenOf(pid));
      process.kill(victim, round % 2 === 0 ? 'SIGQUIT' : 'SIGKILL');
      return round % 2 === 0 ? 'postgres' : 'a backend';
    },
  },
];
