// files - uploads and downloads under faults: every acknowledged offset stays, every whole file is whole, no half file is ever seen, and at the end the
// folder holds what is listed and nothing else.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { person } from '../../e2e/lib/api.mjs';
import { until } from '../../e2e/lib/cluster.mjs';
import { contentOf, contentPath, create, offsetOf, patch, put, terminate } from '../../e2e/lib/files.mjs';
import { beside } from '../lib/beside.mjs';
import { crashEnv, dyingAt } from '../lib/crash_points.mjs';
import { Disk } from '../lib/disk.mjs';
import { Net, clusterOf, prefix } from '../lib/net.mjs';
import { pick, pickSome } from '../lib/seeded.mjs';
import { Transfers } from '../lib/transfers.mjs';

// Two replicas that share the folder; what clears up does so within the row.
const env = { PARLEY_DRIVES: '2', PARLEY_STORES: '2', PARLEY_CHATS: '2', PARLEY_SWEEP_INTERVAL: '1s', PARLEY_WALK_INTERVAL: '1s', PARLEY_WALK_AGE: '5s' };
const cluster = { gateways: 2, brokers: 2, env };

// Chat goes on beside the transfers; the machine needs time for both.
const rate = 400;
const flowsMs = 30000;
const pauseMs = [1000, 6000];
const supervisorMs = 1000;

const recoveryMs = (target) => (/postgres/.test(target) ? 10000 : 3000);

async function setup(ctx) {
  ctx.state.transfers = await Transfers.start(ctx.cluster, { random: ctx.random });
  await ctx.state.transfers.flows(flowsMs);
}

// After each fault files flow as messages do; after the last one what is under way is ended.
async function settle(ctx, round) {
  const took = await ctx.state.transfers.flows(flowsMs * ctx.slack);
  ctx.log(`files flow after ${took} ms more`);
  if (round === ctx.injections - 1) await ctx.state.transfers.stop();
}

async function check({ state, log }) {
  const findings = await state.transfers.finish();
  log(`files: ${JSON.stringify(state.transfers.counts)}`);
  return findings;
}

const base = { cluster, rate, recoveryMs, setup, settle, check };

// A seeded order of these names; those that bear the bytes come more often.
const victims = ['drive', 'drive1', 'gateway0', 'gateway1', 'drive', 'drive1', 'store', 'store1', 'broker0', 'broker1', 'postgres', 'chat'];

const stopped = (pids, names, signal) => names.forEach((name) => pids[name] && process.kill(pids[name], signal));

// ---- marked points -----------------------------------------------------------------------------------------------------------

const dying = dyingAt((name) => name.startsWith('drive_'), 3);

// ---- disk full ---------------------------------------------------------------------------------------------------------------

// Room for all that transfers keep and have under way at a time, and to spare.
const diskMegabytes = 192;
const probeSize = 256 * 1024;
const refusedMs = 10000;
const drives = ['drive', 'drive1'];

async function openDisk(ctx) {
  const { cluster, state } = ctx;
  await cluster.supervise('stop', ...drives);
  state.disk = new Disk(join(cluster.state, 'files'), join(cluster.state, 'disk-files'), diskMegabytes);
  await cluster.supervise('start', ...drives);
  await cluster.ready();
  state.findings = [];
  state.prober = await person(cluster.url(), 'prober');
  await setup(ctx);
}

// Adds to an upload of its own and gives the answer; the upload's offset is what was acknowledged.
async function probe({ cluster, state }) {
  const { location, offset } = state.probe;
  const answer = await patch(cluster.url(), state.prober.access, location, offset, contentOf('probe', offset, probeSize));
  if (answer.status === 204) state.probe.offset += probeSize;
  return answer;
}

// Fills the disk until an upload is refused: the sweep may free some of it meanwhile.
async function fillDisk(ctx) {
  const { cluster, state } = ctx;
  const { headers } = await create(cluster.url(), state.prober.access, { name: 'probe' });
  state.probe = { location: new URL(headers.location, cluster.url()).pathname, offset: 0 };
  await until('an upload begins', async () => (await probe(ctx)).status === 204, refusedMs);
  const refusal = await until('an upload is refused', async () => {
    state.disk.fill();
    const answer = await probe(ctx);
    return answer.status !== 204 && answer;
  }, refusedMs, 0);
  if (refusal.status !== 503 || refusal.json?.code !== 'unavailable') state.findings.push(`an upload on the full disk was answered ${refusal.status} ${refusal.body}`);
  const stands = await offsetOf(cluster.url(), state.prober.access, state.probe.location);
  if (stands !== state.probe.offset) state.findings.push(`${state.probe.offset} bytes were acknowledged before the disk was full, and the upload stands at ${stands}`);
  // What is there can be read.
  await state.transfers.flows(flowsMs * ctx.slack, ['read']);
  return 'disk';
}

// The upload that was refused goes on where it stood; then it is given up.
async function freeDisk(ctx) {
  const { cluster, state } = ctx;
  state.disk.free();
  if (!state.probe) return;
  await until('the upload that was refused goes on', async () => (await probe(ctx)).status === 204, refusedMs);
  const { status } = await terminate(cluster.url(), state.prober.access, state.probe.location);
  if (status !== 204) state.findings.push(`giving an upload up was answered ${status}`);
  state.probe = null;
}

// Nothing fails but the disk, and all that meets it is told so.
function oddRefusals({ state: { transfers }, log }) {
  log(`refused: ${JSON.stringify(transfers.refused)}`);
  const { 503: full, ...odd } = transfers.refused;
  if (!full) return ['no transfer met the full disk: nothing was shown'];
  return Object.entries(odd).map(([status, count]) => `${count} uploads were answered ${status} while only the disk was full`);
}

// ---- beside chat ------------------------------------------------------------------------------------------------------------

const many = 200;
const manyRate = 20000;
const sourceSize = 64 * 1024 * 1024;
const readyMs = 30000;

const helper = (name) => fileURLToPath(new URL(`../lib/${name}`, import.meta.url));

// The next line that a child says.
const said = (child) => Promise.race([new Promise((resolve) => child.lines.once('line', resolve)), delay(readyMs, null, { ref: false })]);

function start(command, ...args) {
  const child = spawn(command, args.map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.on('error', () => {});
  child.lines = createInterface({ input: child.stdout });
  return child;
}

// A file to be read and uploads to be written, for who transfers at Parley and then at a plain server.
async function beginTransfers({ cluster, state }) {
  const base = cluster.url();
  const who = await person(base, 'transfers');
  const file = await put(base, who.access, 'source', contentOf('source', 0, sourceSize));
  const made = await Promise.all(Array.from({ length: many / 2 }, (_, i) => create(base, who.access, { name: `beside-${i}` })));
  state.plain = start(process.execPath, helper('plain_server.mjs'));
  state.plainPort = await said(state.plain);
  const uploads = made.map(({ headers }) => new URL(headers.location, base).pathname);
  // One CPU at most: what they cost the machine is not what they cost the server.
  state.transferring = start('taskset', '-c', '0', '/usr/bin/python3', helper('transferring.py'), who.access, manyRate, contentPath(file), ...uploads);
}

async function tell({ state }, line) {
  const ready = said(state.transferring);
  state.transferring.stdin.write(`${line}\n`);
  if ((await ready) !== 'ready') throw new Error('the transfers could not be begun, or ended before their time');
}

export const rows = [
  {
    ...base,
    name: 'files',
    what: 'transfers while processes are killed and PostgreSQL crashes',
    injections: 24,
    short: 6,
    gap: [supervisorMs, supervisorMs + 1000],
    hold: [700, 1400],
    async inject({ cluster, random, state }, round) {
      if (round % victims.length === 0) state.victims = pickSome(random, victims, victims.length);
      const target = state.victims[round % victims.length];
      await cluster.kill(target, target === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
      return target;
    },
  },
  {
    ...base,
    name: 'files-pause',
    what: 'transfers while drives, gateways or stores stand still for 1 to 6 s',
    injections: 20,
    short: 0,
    async inject({ cluster, random, state }) {
      state.stopped = pick(random, [['drive'], ['drive1'], ['gateway0'], ['gateway1'], ['store'], ['drive', 'drive1'], ['drive', 'gateway0']]);
      state.pids = await until('they run', () => {
        const pids = cluster.pids();
        return state.stopped.every((name) => pids[name]) && pids;
      });
      stopped(state.pids, state.stopped, 'SIGSTOP');
      await delay(pauseMs[0] + (pauseMs[1] - pauseMs[0]) * random() ** 2);
      return state.stopped.join('+');
    },
    heal({ state }) {
      stopped(state.pids, state.stopped, 'SIGCONT');
    },
  },
  {
    ...base,
    name: 'files-partition',
    what: 'transfers while drives are cut off brokers, gateways off drives, clients off gateways',
    cluster: clusterOf(env),
    prefix,
    injections: 20,
    short: 0,
    hold: [300, 2500],
    async setup(ctx) {
      ctx.state.net = new Net(ctx.cluster);
      await setup(ctx);
    },
    async inject({ state, random }, round) {
      const { net } = state;
      const drive = pick(random, ['drive', 'drive1']);
      const cuts = [
        () => net.brokers.forEach((broker) => net.cut(drive, broker)),
        () => net.cutBulk(pick(random, ['gateway0', 'gateway1']), drive),
        () => net.cutClients(Math.floor(random() * 2), pick(random, [['out', 'in'], ['in'], ['out']])),
        () => net.cut(drive, pick(random, net.brokers)),
        () => net.cutDatabase(pick(random, net.stores)),
      ];
      cuts[round % cuts.length]();
      return ['drive/brokers', 'gateway/drive', 'clients', 'drive/broker', 'store/postgres'][round % cuts.length];
    },
    heal: async ({ state }) => state.net.heal(),
    teardown: async ({ state }) => state.net?.end(),
  },
  {
    ...base,
    ...dying,
    name: 'files-crash-points',
    what: 'transfers while drives die at each marked point between a byte and a file',
    short: 0,
    cluster: { ...cluster, env: { ...env, ...crashEnv } },
    gap: [supervisorMs, supervisorMs + 1000],
    hold: [600, 1200],
    async setup(ctx) {
      dying.setup();
      await setup(ctx);
    },
  },
  {
    ...base,
    name: 'files-disk-full',
    what: 'transfers while there is no space for files',
    injections: 20,
    short: 0,
    hold: [500, 1500],
    setup: openDisk,
    inject: fillDisk,
    heal: freeDisk,
    check: async (ctx) => [...ctx.state.findings, ...oddRefusals(ctx), ...(await check(ctx))],
    teardown: ({ state }) => state.disk?.close(),
  },
  beside({
    name: 'files-beside',
    what: `${many} transfers at once, beside others`,
    cluster: { gateways: 1, env: { PARLEY_UPLOADS_MAX: String(many) } },
    modes: ['transfers'],
    begin: beginTransfers,
    still: (ctx) => tell(ctx, `at ${ctx.state.plainPort}`),
    act: (ctx) => tell(ctx, `at ${ctx.cluster.port}`),
    rest: (ctx) => ctx.state.transferring && tell(ctx, 'none'),
    end: ({ state }) => [state.plain, state.transferring].forEach((child) => child?.kill()),
    words: { odd: `${many} transfers`, harmless: 'as many at a plain server' },
  }),
];
