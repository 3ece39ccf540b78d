// child - one row in a process of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

// A row that takes longer than this hangs: it is told to end, and it counts as one that could not run.
const rowMs = 420000;
const endMs = 60000;

// Runs row.mjs of the tree `root` and gives its result, or one with `error` that says why there is none.
export async function runChild(root, row, { seed, injections, rate, slack = 1, folder }) {
  const options = { seed, injections, rate, slack, folder };
  const args = [join(root, 'tests/faults/row.mjs'), row.name, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])];
  const [command, ...rest] = [...(row.prefix ?? []), process.execPath, ...args];
  const child = spawn(command, rest, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const timers = [setTimeout(() => child.kill('SIGTERM'), rowMs), setTimeout(() => child.kill('SIGKILL'), rowMs + endMs)];
  let out = '';
  child.stdout.on('data', (chunk) => (out += chunk));
  const [status, signal] = await once(child, 'close').catch((error) => [error.message]);
  timers.forEach(clearTimeout);
  try {
    return JSON.parse(out.trim().split('\n').at(-1));
  } catch {
    return { row: row.name, what: row.what, seed, injections: 0, error: `it could not run (${status ?? signal})`, findings: [] };
  }
}
