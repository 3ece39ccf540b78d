// controls - builds with one defence taken out: each must be caught by the checker, or the checker proves nothing.
// usage: node tests/faults/controls.mjs [NAME...]   (SEED=n repeats a run, KEEP=1 keeps the copy with its logs)
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from '../e2e/lib/cluster.mjs';
import { findRows } from './lib/catalog.mjs';
import { runChild } from './lib/child.mjs';
import { seedOf } from './lib/seeded.mjs';

const rate = 1000;

// What is taken out, the row in which that must show, within how many injections, and as what: a column, or a finding. `flavour` is of the build that the
// row runs.
export const controls = [
  { name: 'no-dedup', what: 'store writes a known send_id again', row: 'kill', injections: 22, shows: 'doubled' },
  { name: 'ack-before-commit', what: 'store answers before COMMIT is back', row: 'postgres-crash', injections: 20, shows: 'lost' },
  { name: 'no-heads', what: 'gateways never ask for what they missed', row: 'pub-loss', injections: 20, shows: 'lost' },
  { name: 'no-fifo', what: 'a gateway lets a send overtake one whose outcome is open', row: 'disk-full', injections: 20, shows: 'reordered' },
  { name: 'no-page', what: 'a gateway leaves out for dialects whose sender it does not know', row: 'kill', injections: 6, shows: 'lost' },
  { name: 'no-revoked-poll', what: 'gateways trust events about what is revoked', row: 'revoked-events-lost', injections: 20, shows: 'outlived' },
  { name: 'early-clean', what: 'drive removes an upload before store has its file', row: 'files-crash-points', flavour: 'crash', injections: 14, shows: /bytes were acknowledged/ },
];

const folder = new URL('controls/', import.meta.url).pathname;
const patchOf = (control) => join(folder, `${control.name}.patch`);

// A copy of the tree as it is, with what was built, so that only what a patch touches is built again.
function copyTree() {
  const copy = mkdtempSync(join(tmpdir(), 'parley-controls-'));
  // Under root PostgreSQL runs as somebody else, behind the rows' own wrappers.
  chmodSync(copy, 0o755);
  const files = execFileSync('git', ['-C', root, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' }).split('\0').filter(Boolean);
  for (const path of [...files, 'build/release', 'build/crash', 'tests/e2e/node_modules']) {
    if (!existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    // Times are kept: make goes by them.
    cpSync(join(root, path), join(copy, path), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  }
  return copy;
}

function patch(copy, control, ...flags) {
  execFileSync('git', ['apply', ...flags, patchOf(control)], { cwd: copy, env: { ...process.env, GIT_CEILING_DIRECTORIES: dirname(copy) }, stdio: 'inherit' });
}

// Caught is what the checker found in the logs; that a row was slow or stuck is no proof of anything.
export const isCaught = ({ shows }, result) => (shows instanceof RegExp ? Boolean(result.findings?.some((finding) => shows.test(finding))) : result[shows] > 0);

function lineOf(control, result) {
  const cells = ['injections', 'acked', 'lost', 'doubled', 'reordered', 'outlived'].map((key) => result[key] ?? '-');
  return `| ${[`${control.name}: ${control.what}`, control.row, ...cells, isCaught(control, result) ? 'caught' : `**PASSED** ${result.error ?? ''}`].join(' | ')} |`;
}

async function judge(copy, control, seed) {
  process.stderr.write(`control ${control.name}\n`);
  patch(copy, control);
  try {
    execFileSync('make', ['--no-print-directory', '-j2', `FLAVOUR=${control.flavour ?? 'release'}`, 'all'], { cwd: copy, stdio: ['ignore', 'inherit', 'inherit'] });
    const [row] = await findRows([control.row]);
    const folder = join(copy, 'build/faults', control.name);
    return await runChild(copy, row, { seed: seedOf(seed, control.name), injections: control.injections, rate, folder });
  } finally {
    patch(copy, control, '--reverse');
  }
}

async function main(names) {
  const seed = Number(process.env.SEED || Math.floor(Math.random() * 100000));
  const unknown = names.find((name) => !controls.some((control) => control.name === name));
  if (unknown) throw new Error(`no control is called ${unknown}`);
  const chosen = controls.filter((control) => names.length === 0 || names.includes(control.name));
  const copy = copyTree();
  try {
    const results = [];
    for (const control of chosen) results.push([control, await judge(copy, control, seed)]);
    console.log(`\nSEED=${seed}\n\n| control | row | injections | acknowledged | lost | doubled | reordered | outlived | verdict |\n|---|---|---|---|---|---|---|---|---|`);
    for (const [control, result] of results) console.log(lineOf(control, result));
    process.exitCode = results.every(([control, result]) => isCaught(control, result)) ? 0 : 1;
  } finally {
    if (process.env.KEEP) console.log(`\nlogs in ${join(copy, 'build/faults')}`);
    else rmSync(copy, { recursive: true, force: true });
  }
}

// Patches without an entry would never be tried.
export const patches = () => readdirSync(folder).map((name) => name.replace(/\.patch$/, ''));

if (process.argv[1] === new URL(import.meta.url).pathname) await main(process.argv.slice(2));
