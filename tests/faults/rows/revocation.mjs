// revocation - clients are signed out by every way there is while what tells gateways of it is lost, cut or killed. The judge gives
// everybody five seconds (I9): from the answer that a session is revoked, or, where nobody could read that, from the end of the fault.
import { until } from '../../e2e/lib/cluster.mjs';
import { staffEnv, staffOf } from '../../e2e/lib/staff.mjs';
import { Net, clusterOf, prefix } from '../lib/net.mjs';
import { eventsWay, harm, quiet, stopProxy, through } from '../lib/net_proxy.mjs';
import { Server } from '../lib/postgres.mjs';
import { pick } from '../lib/seeded.mjs';

// Topics of events that tell of revocations begin so.
const topic = 'a';

const supervisorMs = 1000;
const crashMs = 15000;

// Whoever is signed out signs in anew, and passwords are hashed slowly: the load leaves time for that.
const rate = 400;
const load = { people: 12, rooms: 6, modes: { revoked: 8 } };
const plan = { revoke_ms: 1500, ways: ['one', 'all', 'password', 'staff'] };

// The administrator's password is written when a cluster is started, not for every row that is listed.
const clusterWith = (options) => ({
  ...options,
  get env() {
    return { ...options.env, ...staffEnv() };
  },
});

// What Load.start needs beside `load`.
async function withStaff({ cluster }) {
  return { staff: (await staffOf(cluster)).access, plan };
}

async function withNet(ctx) {
  ctx.state.net = new Net(ctx.cluster);
  return withStaff(ctx);
}

const heal = async ({ state }) => state.net.heal();
const teardown = async ({ state }) => state.net?.end();

// A row in which hardly anybody was signed out has shown nothing.
function check({ injections, log }, verdict) {
  const [p50, p99, max] = ['p50', 'p99', 'max'].map((name) => (verdict[`close_${name}_us`] / 1000).toFixed(0));
  log(`signed out ${verdict.revoked}, sockets closed for it ${verdict.revoked_closed}, after p50 ${p50} ms, p99 ${p99} ms, at most ${max} ms`);
  return verdict.revoked_closed >= injections ? [] : [`only ${verdict.revoked_closed} sockets were closed because somebody was signed out`];
}

const base = { rate, load, recoveryMs: 3000, short: 0, check };

export const rows = [
  {
    ...base,
    name: 'revoked-events-lost',
    what: 'people signed out while every event that says so is lost',
    cluster: clusterWith(clusterOf()),
    prefix,
    injections: 20,
    short: 3,
    hold: [2000, 4000],
    async setup(ctx) {
      await through(eventsWay)(ctx);
      return withStaff(ctx);
    },
    inject: async (ctx) => {
      await harm(ctx, { loss: 1, topic });
      return 'events of sign-outs';
    },
    heal: quiet,
    teardown: stopProxy,
  },
  {
    ...base,
    name: 'revoked-cut',
    what: 'people signed out while a gateway is cut off one broker, or off all',
    cluster: clusterWith(clusterOf()),
    prefix,
    injections: 20,
    hold: [2000, 6000],
    // Cut off all brokers, a gateway can't learn of anything; cut off one, it must.
    blinds: (target) => target.endsWith('/all'),
    setup: withNet,
    inject: async ({ state, random }, round) => {
      const name = pick(random, ['gateway0', 'gateway1']);
      const isAll = round % 4 === 3;
      const brokers = isAll ? state.net.brokers : [pick(random, state.net.brokers)];
      for (const broker of brokers) state.net.cut(name, broker);
      return `${name}/${isAll ? 'all' : `broker${brokers[0]}`}`;
    },
    heal,
    teardown,
  },
  {
    ...base,
    name: 'revoked-kill',
    what: 'people signed out while chat, store or auth is killed, the only one of its kind',
    cluster: clusterWith({ gateways: 2, brokers: 2, env: {} }),
    injections: 21,
    gap: [supervisorMs, supervisorMs + 500],
    hold: [500, 1000],
    setup: withStaff,
    inject: async ({ cluster }, round) => {
      const target = ['chat', 'store', 'auth'][round % 3];
      await cluster.kill(target);
      return target;
    },
  },
  {
    ...base,
    name: 'revoked-postgres-crash',
    what: 'people signed out while PostgreSQL is shut down at once',
    cluster: clusterWith({ gateways: 2, brokers: 2, env: {} }),
    injections: 20,
    gap: [supervisorMs, supervisorMs + 1500],
    // What is stored can't be read by anybody before PostgreSQL has replayed its log.
    blinds: true,
    async setup(ctx) {
      ctx.state.server = await Server.of(ctx.cluster);
      return withStaff(ctx);
    },
    inject: async ({ cluster, state }) => {
      const pid = await until('postgres runs', () => cluster.pids().postgres);
      process.kill(pid, 'SIGQUIT');
      await until('postgres has ended', () => state.server.postmaster !== pid, crashMs, 5);
      return 'postgres';
    },
    heal: async ({ state }) => {
      await until('postgres answers again', () => state.server.holds('true'), crashMs, 10);
    },
  },
];
