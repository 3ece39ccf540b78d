// faults - the fault matrix: every row in a process of its own, and the table of verdicts.
// Environment: SEED=n repeats a run, ROWS=a,b picks rows, SHORT=1 is the set of CI, KEEP=1 keeps the logs of good rows too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../e2e/lib/cluster.mjs';
import { allRows, findRows } from './lib/catalog.mjs';
import { seedOf } from './lib/seeded.mjs';
import { isGood, markdown } from './lib/verdict.mjs';

const rate = 2500;
// A row that takes longer hangs: it is ended and counts as failed.
const rowMs = 240000;

const seed = Number(process.env.SEED || Math.floor(Math.random() * 100000));
const isShort = Boolean(process.env.SHORT);
const rows = (process.env.ROWS ? await findRows(process.env.ROWS.split(',')) : await allRows()).filter((row) => !isShort || process.env.ROWS || row.short > 0);

// Runs one row; its result, or one that says why there is none.
async function runRow(row) {
  const folder = join(root, 'build/faults', row.name);
  const injections = (isShort && row.short) || row.injections;
  const args = [fileURLToPath(new URL('row.mjs', import.meta.url)), row.name, '--seed', seedOf(seed, row.name), '--injections', injections, '--rate', row.rate ?? rate, '--folder', folder];
  const [command, ...rest] = [...(row.prefix ?? []), process.execPath, ...args.map(String)];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGTERM'), rowMs);
  let out = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  const [status, signal] = await once(child, 'close').catch((error) => [error.message]);
  clearTimeout(timer);
  const nothing = { row: row.name, what: row.what, injections: 0, error: `it could not run (${status ?? signal})` };
  let result;
  try {
    result = JSON.parse(out.trim().split('\n').at(-1));
  } catch {
    result = nothing;
  }
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
