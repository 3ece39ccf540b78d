// network - the ways between processes cut, one-sided, flapping, late, narrow and losing events. Every row has a network of its own.
import { setTimeout as delay } from 'node:timers/promises';
import { Net, clusterOf, prefix } from '../lib/net.mjs';
import { eventsWay, harm, quiet, requestWay, stopProxy, through } from '../lib/net_proxy.mjs';

const pick = (random, list) => list[Math.floor(random() * list.length)];

// ---- cuts ----------------------------------------------------------------------------------------------------------------------

async function setup({ cluster, state }) {
  state.net = new Net(cluster);
}

const heal = async ({ state }) => state.net.heal();
const teardown = async ({ state }) => state.net?.end();

// What one partition separates: one way, all of one process, or all of one broker. Each gives a list of [process, broker].
const shapes = [
  ({ names, brokers }, random) => [[pick(random, names), pick(random, brokers)]],
  ({ names, brokers }, random) => {
    const name = pick(random, names);
    return brokers.map((broker) => [name, broker]);
  },
  ({ names, brokers }, random) => {
    const broker = pick(random, brokers);
    return names.map((name) => [name, broker]);
  },
];

const nameOf = (links) => links.map(([name, broker]) => `${name}/broker${broker}`).join(',');

function cut({ state, random }, ways) {
  state.links = pick(random, shapes)(state.net, random);
  for (const [name, broker] of state.links) state.net.cut(name, broker, ways);
  return nameOf(state.links);
}

// Longest time until messages flow again by what is left whole, while the cut lasts.
const MEANWHILE_MS = 8000;

// As `cut`, and waits until all goes on without what is cut off, where something is left.
async function cutAndGoOn(ctx) {
  const target = cut(ctx);
  const { links, net } = ctx.state;
  const isWhole = net.brokers.some((broker) => links.every(([, other]) => other !== broker));
  if (isWhole) await ctx.load.flows(MEANWHILE_MS * ctx.slack);
  return target;
}

function cutClients({ state, random }) {
  const gateway = Math.floor(random() * 2);
  const ways = pick(random, [['out', 'in'], ['in'], ['out']]);
  state.net.cutClients(gateway, ways);
  return `clients/gateway${gateway} ${ways.join('+')}`;
}

function cutDatabase({ state, random }) {
  const ways = pick(random, [['out', 'in'], ['in'], ['out']]);
  state.net.cutDatabase('store', ways);
  return `store/postgres ${ways.join('+')}`;
}

// Cut and healed again and again, until `ms` have passed.
async function flap({ state, random }, ms) {
  const target = cut({ state, random });
  for (const end = Date.now() + ms; Date.now() < end; ) {
    await delay(100 + random() * 300);
    state.net.heal();
    await delay(100 + random() * 300);
    for (const [name, broker] of state.links) state.net.cut(name, broker);
  }
  return target;
}

// Every process loses one broker at most, so that which brokers serve what differs from process to process.
function limitLiveSets({ state, random }) {
  const { net } = state;
  net.heal();
  const links = net.names.filter(() => random() < 0.7).map((name) => [name, pick(random, net.brokers)]);
  for (const [name, broker] of links) net.cut(name, broker);
  return nameOf(links) || 'nothing';
}

export const rows = [
  {
    name: 'partition',
    what: 'a process cut off a broker, off all brokers, or a broker off all; some cuts until connections are given up',
    cluster: clusterOf(),
    prefix,
    injections: 24,
    short: 4,
    hold: [200, 1500],
    recoveryMs: 3000,
    longer: { every: 6, hold: [5000, 9000], inject: cutAndGoOn },
    setup,
    inject: async (ctx) => cut(ctx),
    heal,
    teardown,
  },
  {
    name: 'partition-one-way',
    what: 'only what a process sends, or only what it is sent, is lost',
    cluster: clusterOf(),
    prefix,
    injections: 24,
    short: 0,
    hold: [200, 1500],
    recoveryMs: 3000,
    setup,
    inject: async (ctx) => {
      const way = pick(ctx.random, ['in', 'out']);
      return `${cut(ctx, [way])} ${way}`;
    },
    heal,
    teardown,
  },
  {
    name: 'partition-flapping',
    what: 'ways cut and healed every 100-400 ms for seconds',
    cluster: clusterOf(),
    prefix,
    injections: 20,
    short: 0,
    hold: [0, 200],
    recoveryMs: 3000,
    setup,
    inject: async (ctx) => flap(ctx, 1000 + ctx.random() * 2000),
    heal,
    teardown,
  },
  {
    name: 'partition-database',
    what: 'store cut off PostgreSQL, both ways or one; some cuts until connections are given up',
    cluster: clusterOf(),
    prefix,
    injections: 20,
    short: 0,
    hold: [200, 2500],
    recoveryMs: 3000,
    longer: { every: 5, hold: [6000, 9000], recoveryMs: 6000 }, // 3 s to connect anew; then a backlog of 9 s stands before the first new message
    setup,
    inject: async (ctx) => cutDatabase(ctx),
    heal,
    teardown,
  },
  {
    name: 'partition-clients',
    what: 'clients cut off a gateway, their sockets left hanging; some until all have gone on elsewhere',
    cluster: clusterOf(),
    prefix,
    injections: 20,
    short: 0,
    hold: [200, 3500],
    recoveryMs: 3000,
    longer: {
      every: 5,
      hold: [100, 1000],
      inject: async (ctx) => {
        const target = cutClients(ctx);
        await ctx.load.flows(15000);
        return target;
      },
    },
    setup,
    inject: async (ctx) => cutClients(ctx),
    heal,
    teardown,
  },
  {
    name: 'live-sets',
    what: 'every process sees brokers of its own, others each time',
    cluster: clusterOf({ PARLEY_CHATS: '2', PARLEY_STORES: '2' }),
    prefix,
    injections: 20,
    short: 0,
    hold: [500, 2500],
    recoveryMs: 3000,
    setup,
    inject: async (ctx) => limitLiveSets(ctx),
    heal,
    teardown,
  },
  {
    name: 'pub-loss',
    what: '30 % of all events lost, or all of them',
    cluster: clusterOf(),
    prefix,
    injections: 20,
    short: 3,
    hold: [500, 2000],
    recoveryMs: 3000,
    setup: through(eventsWay),
    inject: async (ctx) => {
      const loss = pick(ctx.random, [0.3, 0.3, 1]);
      await harm(ctx, { loss });
      return `events -${loss * 100} %`;
    },
    heal: quiet,
    teardown: stopProxy,
  },
  {
    name: 'pub-double',
    what: 'events doubled and swapped',
    cluster: clusterOf(),
    prefix,
    injections: 20,
    short: 0,
    hold: [500, 2000],
    recoveryMs: 3000,
    setup: through(eventsWay),
    inject: async (ctx) => {
      await harm(ctx, { double: 0.5, swap: 0.3 });
      return 'events';
    },
    heal: quiet,
    teardown: stopProxy,
  },
  {
    name: 'delay',
    what: 'requests and answers 50-300 ms late, or 1 s, or at 56 kbit/s',
    cluster: clusterOf(),
    prefix,
    injections: 20,
    short: 0,
    hold: [1000, 2500],
    recoveryMs: 3000,
    setup: through(requestWay),
    inject: async (ctx) => {
      const [name, faults] = pick(ctx.random, [
        ['50-300 ms', { delayMs: 50, jitterMs: 250 }],
        ['1 s', { delayMs: 1000 }],
        ['56 kbit/s', { bytesPerSecond: 7000 }],
      ]);
      await harm(ctx, faults);
      return name;
    },
    heal: quiet,
    teardown: stopProxy,
  },
];
