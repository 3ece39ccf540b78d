// faults - the fault matrix: every row in a process of its own, and the table of verdicts.
// Environment: SEED=n repeats a run, ROWS=a,b picks rows, SHORT=1 is the set of CI, KEEP=1 keeps the logs of good rows too.
import { readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from '../e2e/lib/cluster.mjs';
import { allRows, findRows } from './lib/catalog.mjs';
import { runChild } from './lib/child.mjs';
import { seedOf } from './lib/seeded.mjs';
import { isGood, markdown } from './lib/verdict.mjs';

const rate = 2500;
// CI may run on a machine that is busy: there what is kept is judged, and how soon all flows again only roughly.
const shortSlack = 4;

const seed = Number(process.env.SEED || Math.floor(Math.random() * 100000));
const isShort = Boolean(process.env.SHORT);
const rows = (process.env.ROWS ? await findRows(process.env.ROWS.split(',')) : await allRows()).filter((row) => !isShort || process.env.ROWS || row.short > 0);

async function runRow(row) {
  const folder = join(root, 'build/faults', row.name);
  const injections = (isShort && row.short) || row.injections;
  const result = await runChild(root, row, { seed: seedOf(seed, row.name), injections, rate: row.rate ?? rate, slack: isShort ? shortSlack : 1, folder });
  if (isGood(result) && !process.env.KEEP) dropLogs(folder);
  return { ...result, runSeed: seed, folder: relative(process.cwd(), folder) };
}

// Of a good row the record stays.
function dropLogs(folder) {
  for (const name of readdirSync(folder)) if (name !== 'record.json') rmSync(join(folder, name), { recursive: true });
}

process.stderr.write(`seed ${seed}: ${rows.map((row) => row.name).join(' ')}\n`);
const started = Date.now();
const results = [];
for (const row of rows) results.push(await runRow(row));
console.log(`\nSEED=${seed}, ${Math.round((Date.now() - started) / 1000)} s\n\n${markdown(results)}`);
process.exitCode = results.length > 0 && results.every(isGood) ? 0 : 1;
