// database - PostgreSQL out of space, out of connections, locked, failing over, and without its standby.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../../e2e/lib/cluster.mjs';
import { Disk } from '../lib/disk.mjs';
import { Hog, Server, Session } from '../lib/postgres.mjs';
import { Replica } from '../lib/replica.mjs';

const one = { gateways: 2, brokers: 2 };

// Store's own sessions, by the names it gives them.
const sessions = "SELECT pg_terminate_backend (pid) FROM pg_stat_activity WHERE application_name LIKE 'parley-store/%'";

async function openServer(ctx) {
  ctx.state.server = await Server.of(ctx.cluster);
}

// ---- disk full ---------------------------------------------------------------------------------------------------------

const spaces = [
  { name: 'wal', folder: 'pg_wal', megabytes: 192 },
  { name: 'data', folder: 'base', megabytes: 256 },
];

async function openDisks(ctx) {
  const { cluster, state } = ctx;
  await openServer(ctx);
  // Segments are recycled early, so that a full disk is met at the next one.
  state.server.configure({ max_wal_size: '96MB', min_wal_size: '32MB', checkpoint_timeout: '30s' });
  await cluster.supervise('stop', 'postgres');
  const data = realpathSync(join(cluster.state, 'postgres'));
  state.disks = spaces.map(({ name, folder, megabytes }) => ({ name, disk: new Disk(join(data, folder), join(cluster.state, `disk-${name}`), megabytes) }));
  await cluster.supervise('start', 'postgres');
  await cluster.ready();
}

// Uses up the segments that are there, as much load would; the last one is met by PostgreSQL with a PANIC.
async function useUpWal(server) {
  for (let i = 0; i < 24; i++) {
    const went = await server.sql("SELECT pg_logical_emit_message (false, '', ''), pg_switch_wal ()").catch(() => null);
    if (!went) return;
  }
}

// ---- locks --------------------------------------------------------------------------------------------------------------

const locks = [
  { name: 'rooms', take: (session) => session.run('BEGIN; SELECT id FROM room ORDER BY id FOR UPDATE') },
  { name: 'item', take: (session) => session.run('BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE') },
  { name: 'deadlock', take: deadlock },
  { name: 'room', take: (session) => session.run('BEGIN; LOCK TABLE room IN ACCESS EXCLUSIVE MODE') },
];

// Rooms are locked by rising id everywhere; this one goes the other way, so whole batches deadlock with it.
async function deadlock(session) {
  for (let i = 0; i < 5; i++) {
    await session.run('BEGIN; SELECT id FROM room ORDER BY id DESC LIMIT 6 FOR UPDATE');
    await session.run('SELECT id FROM room ORDER BY id FOR UPDATE');
    await session.run('ROLLBACK');
  }
}

// ---- rows ---------------------------------------------------------------------------------------------------------------

export const rows = [
  {
    name: 'disk-full',
    what: 'no space for WAL, for data',
    cluster: one,
    injections: 20,
    short: 2,
    rate: 800,
    hold: [500, 1500],
    recoveryMs: 3000,
    setup: openDisks,
    async inject({ state }, round) {
      const { name, disk } = state.disks[round % state.disks.length];
      disk.fill();
      if (name === 'wal') await useUpWal(state.server);
      return name;
    },
    async heal({ state }, round) {
      state.disks[round % state.disks.length].disk.free();
    },
    async teardown({ state }) {
      for (const { disk } of state.disks ?? []) disk.close();
    },
  },
  {
    name: 'locks',
    what: 'rooms or whole tables locked by another session, deadlocks',
    cluster: one,
    injections: 20,
    short: 0,
    hold: [300, 2500],
    recoveryMs: 3000,
    async setup(ctx) {
      await openServer(ctx);
      await ctx.state.server.set({ deadlock_timeout: '100ms' });
    },
    async inject({ state }, round) {
      const { name, take } = locks[round % locks.length];
      state.session = new Session(state.server);
      await take(state.session);
      return name;
    },
    heal({ state }) {
      state.session.close();
    },
    teardown({ state }) {
      state.session?.close();
    },
  },
  {
    name: 'connections',
    what: 'every session of store ended again and again, max_connections used up',
    cluster: one,
    injections: 20,
    short: 0,
    hold: [500, 1500],
    recoveryMs: 3000,
    async setup(ctx) {
      await openServer(ctx);
      ctx.state.server.configure({ max_connections: '24' });
      await ctx.cluster.supervise('restart', 'postgres');
      await ctx.state.server.ready();
    },
    async inject({ state, random }, round) {
      if (round % 2 === 0) state.hog = new Hog(state.server);
      if (state.hog) await until('no connection is left', () => state.hog.isRefused, 10000);
      for (let i = 0; i < 5; i++) {
        await state.server.sql(sessions);
        await delay(20 + random() * 60);
      }
      return round % 2 === 0 ? 'all connections' : 'sessions';
    },
    heal({ state }) {
      state.hog?.close();
      state.hog = null;
    },
    teardown({ state }) {
      state.hog?.close();
    },
  },
  {
    name: 'failover',
    what: 'the primary killed, its synchronous standby promoted',
    cluster: one,
    injections: 20,
    short: 2,
    recoveryMs: 10000,
    async setup(ctx) {
      ctx.state.replica = await Replica.of(ctx.cluster);
      await ctx.cluster.ready();
    },
    async inject({ state }) {
      const { name } = state.replica.primary;
      await state.replica.primary.stop('SIGKILL');
      return name;
    },
    heal: ({ state }) => state.replica.failOver(),
    // Rebuilding the old one belongs to no recovery: all flows meanwhile.
    settle: ({ state }) => state.replica.rebuild(),
    teardown: ({ state }) => state.replica?.end(),
  },
  {
    name: 'standby-away',
    what: 'the synchronous standby gone for 1 to 9 s; then back, or promoted',
    cluster: one,
    injections: 20,
    short: 0,
    recoveryMs: 10000,
    async setup(ctx) {
      ctx.state.replica = await Replica.of(ctx.cluster);
      await ctx.cluster.ready();
    },
    async inject({ state, load, random }, round) {
      const { replica } = state;
      await replica.standby.stop('SIGQUIT');
      // What had reached the standby may still be answered.
      await delay(200);
      const { acked } = load.stats();
      // Beyond 7 s store leaves the sessions that hang.
      await delay(round % 5 === 4 ? 8000 + random() * 1000 : 500 + random() * 1500);
      const more = load.stats().acked - acked;
      if (more > 0) (state.findings ??= []).push(`${more} sends were acknowledged while the standby was away`);
      return round % 2 === 0 ? 'standby back' : 'standby promoted';
    },
    async heal({ state }, round) {
      const { replica } = state;
      if (round % 2 === 1) await replica.primary.stop('SIGKILL');
      replica.standby.start();
      await replica.standby.ready();
      if (round % 2 === 1) await replica.failOver();
    },
    settle: ({ state }, round) => (round % 2 === 1 ? state.replica.rebuild() : state.replica.requireStandby()),
    check: ({ state }) => state.findings ?? [],
    teardown: ({ state }) => state.replica?.end(),
  },
];
