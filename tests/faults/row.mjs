// row - one row of the fault matrix: a cluster, load, injections of one kind of fault, and the verdict.
// usage: node tests/faults/row.mjs NAME [--seed N] [--injections N] [--keep DIR]
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { Cluster } from '../e2e/lib/cluster.mjs';
import { seeded } from '../e2e/lib/kill_run.mjs';
import { Load } from './lib/load.mjs';

export async function findRow(name) {
  for (const file of readdirSync(new URL('./rows', import.meta.url))) {
    const { rows } = await import(`./rows/${file}`);
    const row = rows.find((one) => one.name === name);
    if (row) return row;
  }
  throw new Error(`no row is called ${name}`);
}

export async function runRow(row, { seed, injections = row.injections, keep, log }) {
  const random = seeded(seed);
  const cluster = await Cluster.start({ gateways: 2, ...row.cluster });
  const ctx = { cluster, random, log, state: {} };
  const times = [];
  try {
    await row.setup?.(ctx);
    ctx.load = await Load.start(cluster, { random });
    await ctx.load.flows(10000);
    for (ctx.round = 0; ctx.round < injections; ctx.round++) {
      await delay(100 + random() * 200);
      const target = await row.inject(ctx, ctx.round);
      const [least, most] = row.hold ?? [0, 0];
      await delay(least + random() * (most - least));
      await row.heal?.(ctx, ctx.round);
      const healed = Date.now();
      await ctx.load.flows(30000);
      times.push(Date.now() - healed);
      log(`${row.name} ${target} ${ctx.round + 1}/${injections}: flows again after ${times.at(-1)} ms`);
    }
    const verdict = await ctx.load.finish();
    if (keep) ctx.load.save(keep);
    return { ...verdict, injections, worst_ms: Math.max(...times) };
  } finally {
    await row.teardown?.(ctx);
    await cluster.destroy();
  }
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string' }, injections: { type: 'string' }, keep: { type: 'string' } } });
const row = await findRow(positionals[0]);
const seed = Number(values.seed ?? Date.now() % 100000);
const result = await runRow(row, { seed, injections: values.injections && Number(values.injections), keep: values.keep, log: (line) => process.stderr.write(`${line}\n`) });
console.log(JSON.stringify({ row: row.name, seed, ...result, faults: result.faults.slice(0, 5), faultCount: result.faults.length }));
process.exitCode = result.faults.length || result.worst_ms > row.recoveryMs ? 1 : 0;
