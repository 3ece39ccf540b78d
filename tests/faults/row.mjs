// row - one row of the fault matrix: a cluster, load, injections of one kind of fault, convergence, and the verdict.
// usage: node tests/faults/row.mjs NAME [--seed N] [--injections N] [--rate N] [--slack N] [--folder DIR]
// The last line of the output is the result as JSON; status 1 when anything is wrong.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { Cluster, root } from '../e2e/lib/cluster.mjs';
import { findRows } from './lib/catalog.mjs';
import { Load } from './lib/load.mjs';
import { Nemesis } from './lib/nemesis.mjs';
import { seeded } from './lib/seeded.mjs';
import { isGood } from './lib/verdict.mjs';

const warmMs = 30000;
// A round in which nothing flows any more has failed long before this; the limit ends the row.
const flowsMs = 30000;
const gapMs = [100, 300];
const findingsKept = 20;

const between = (random, [least, most]) => least + random() * (most - least);

// Enough clients that every gateway, broker and connection to PostgreSQL has work all the time.
const people = { people: 24, rooms: 12, members: 6, modes: { churn: 3 }, speakers: { normal: 2, slow: 1 } };

// Rates of requests and logins are for clients of the world, not for a load that all comes from one address.
const clusterEnv = { PARLEY_WS_RATE: '0', PARLEY_RATE_LIMITS: 'off', PARLEY_ACCESS_TTL: '1h' };

// A fault that lasts: it is ended, and from then on counts how long it takes until all flows again.
async function lasting(ctx, row, round, { at, say }) {
  await delay(between(ctx.random, row.hold ?? [0, 0]));
  await row.heal(ctx, ctx.round);
  const healed = at();
  say('ok');
  await ctx.load.flows(flowsMs);
  round.flowing_ms = at();
  round.recovery_ms = round.flowing_ms - healed;
}

// A blow: nothing is there to be ended, so it counts from the blow. What `hold` leaves of the time belongs to the fault.
async function sudden(ctx, row, round, { at, say }) {
  const flowing = ctx.load.flows(flowsMs).then(() => {
    round.flowing_ms = at();
    round.recovery_ms = round.flowing_ms - round.begun_ms;
  });
  await Promise.all([flowing, delay(between(ctx.random, row.hold ?? [0, 0])).then(() => say('ok'))]);
}

// Every `longer.every`th round of a row may be played otherwise: with another hold, inject or limit.
function playOf(row, round) {
  return row.longer && round % row.longer.every === row.longer.every - 1 ? { ...row, ...row.longer } : row;
}

async function inject(ctx, row, nemesis, rounds) {
  await ctx.load.flows(warmMs);
  const since = Date.now();
  const at = () => Date.now() - since;
  for (ctx.round = 0; ctx.round < ctx.injections; ctx.round++) {
    await delay(between(ctx.random, row.gap ?? gapMs));
    const play = playOf(row, ctx.round);
    const round = { round: ctx.round, begun_ms: at() };
    const isBlind = () => row.blinds === true || (round.target !== undefined && Boolean(row.blinds?.(round.target)));
    const say = (op) => nemesis.fault(op, row.name, round.target ?? '', isBlind());
    rounds.push(round);
    say('invoke');
    try {
      round.target = await play.inject(ctx, ctx.round);
    } catch (error) {
      // What it began must end, or there is no convergence to wait for.
      await row.heal?.(ctx, ctx.round);
      throw error;
    }
    await (row.heal ? lasting : sudden)(ctx, play, round, { at, say });
    say('info');
    await row.settle?.(ctx, ctx.round);
    ctx.log(`${row.name} ${round.target} ${ctx.round + 1}/${ctx.injections}: flows again after ${round.recovery_ms} ms`);
  }
}

// A sentence about a round after which it took too long until all flowed again (I11).
function slowness({ row, slack }, { round, target, recovery_ms: took }) {
  const { recoveryMs } = playOf(row, round);
  const limit = slack * (typeof recoveryMs === 'function' ? recoveryMs(target ?? '') : recoveryMs);
  return took > limit ? `round ${round + 1} (${target}): flowed again after ${took} ms, the limit is ${limit} ms` : null;
}

// Runs the faults and demands convergence; what goes wrong on the way is a finding, and the judge is still asked.
async function faultsThenVerdict(ctx, row, nemesis, rounds) {
  const findings = [];
  await inject(ctx, row, nemesis, rounds).catch((error) => findings.push(`round ${rounds.length} (${rounds.at(-1)?.target ?? 'not begun'}): ${error.message}`));
  const verdict = await ctx.load.finish();
  await nemesis.idle();
  findings.push(...rounds.map((round) => slowness({ row, slack: ctx.slack }, round)).filter(Boolean));
  if (ctx.caps) findings.push(...nemesis.findings());
  findings.push(...((await row.check?.(ctx, verdict)) ?? []));
  return { verdict, findings };
}

function resultOf(row, { seed, rounds, verdict, findings, nemesis, started }) {
  const flowing = rounds.filter((round) => round.recovery_ms !== undefined);
  return {
    row: row.name,
    what: row.what,
    seed,
    injections: flowing.length,
    sent: verdict.sent,
    acked: verdict.acked,
    acked_in_faults: verdict.acked_in_faults,
    delivered: verdict.delivered,
    lost: verdict.lost,
    doubled: verdict.doubled,
    reordered: verdict.reordered,
    outlived: verdict.outlived,
    other: verdict.other + findings.length,
    revoked: verdict.revoked,
    closed: verdict.revoked_closed,
    close_ms: ['p50', 'p99', 'max'].map((name) => verdict[`close_${name}_us`] / 1000),
    worst_ms: Math.max(0, ...flowing.map((round) => round.recovery_ms)),
    rss_peak: nemesis.peak.rss,
    rss_name: nemesis.peak.name,
    seconds: Math.round((Date.now() - started) / 1000),
    findings: [...findings, ...verdict.faults].slice(0, findingsKept),
  };
}

// Runs one row with its logs in `folder`, and leaves record.json there. `caps: false` does not judge memory, descriptors and
// idle CPU, for builds whose figures mean nothing. `slack` multiplies the limits of recovery.
export async function runRow(row, { seed, injections = row.injections, rate = row.rate, folder, caps = true, slack = 1, log = () => {} }) {
  const started = Date.now();
  const random = seeded(seed);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const rounds = [];
  const cluster = { ...row.cluster };
  const record = { row: row.name, seed, injections, rate, cluster, started: new Date(started).toISOString(), rounds };
  const ctx = { random, log, injections, caps, slack, state: {} };
  let nemesis;
  const endEarly = () => ctx.cluster?.stop().finally(() => process.exit(1));
  process.once('SIGTERM', endEarly);
  try {
    ctx.cluster = await Cluster.start({ gateways: 2, ...cluster, env: { ...clusterEnv, ...cluster.env } });
    const more = await row.setup?.(ctx);
    ctx.load = await Load.start(ctx.cluster, { random, rate, folder, ...people, ...row.load, ...more });
    nemesis = new Nemesis(folder, ctx.cluster);
    const outcome = await faultsThenVerdict(ctx, row, nemesis, rounds);
    record.result = resultOf(row, { seed, rounds, nemesis, started, ...outcome });
  } catch (error) {
    record.result = { row: row.name, what: row.what, seed, injections: rounds.length, error: error.message, findings: [] };
  } finally {
    nemesis?.close();
    await row.teardown?.(ctx);
    writeFileSync(join(folder, 'record.json'), `${JSON.stringify(record, null, 1)}\n`);
    if (!isGood(record.result)) writeFileSync(join(folder, 'cluster.log'), ctx.cluster?.log ?? '');
    ctx.load?.end?.();
    await ctx.cluster?.destroy();
    process.off('SIGTERM', endEarly);
  }
  return record.result;
}

async function main() {
  const options = Object.fromEntries(['seed', 'injections', 'rate', 'folder', 'slack'].map((name) => [name, { type: 'string' }]));
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const [row] = await findRows(positionals);
  const result = await runRow(row, {
    seed: Number(values.seed ?? Date.now() % 100000),
    injections: values.injections && Number(values.injections),
    rate: values.rate && Number(values.rate),
    slack: values.slack && Number(values.slack),
    folder: resolve(values.folder ?? join(root, 'build/faults', row.name)),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  console.log(JSON.stringify(result));
  process.exitCode = isGood(result) ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await main();
