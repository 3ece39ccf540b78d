// verify - `make bench-verify`: how fast `parley verify --logs` judges a large good run, beside `wc -l` on the same files.
// usage: node tests/bench/verify.mjs [EVENTS]
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const events = Number(process.argv[2] ?? 10_000_000);
const build = resolve(process.env.BUILD ?? 'build/release');
const folder = mkdtempSync(join(tmpdir(), 'parley-logs-'));

// CPU seconds and peak memory of a process so far; null once it has ended.
function usage(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    const peak = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return peak && { cpu: (Number(fields[11]) + Number(fields[12])) / 100, megabytes: Number(peak[1]) / 1000 };
  } catch {
    return null;
  }
}

// Runs a program; what it used is sampled, to 20 ms.
async function measured(program, args) {
  const started = process.hrtime.bigint();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  let used = { cpu: 0, megabytes: 0 };
  child.stdout.on('data', (chunk) => (out += chunk));
  const sampler = setInterval(() => (used = usage(child.pid) ?? used), 20);
  const [code] = await once(child, 'close');
  clearInterval(sampler);
  return { code, out, seconds: Number(process.hrtime.bigint() - started) / 1e9, ...used };
}

try {
  execFileSync(join(build, 'tools/write_logs'), [folder, String(events)]);
  const files = readdirSync(folder).map((name) => join(folder, name));
  const size = files.reduce((sum, file) => sum + statSync(file).size, 0) / 1e6;
  const yard = await measured('wc', ['-l', ...files]);
  const run = await measured(join(build, 'bin/parley'), ['verify', '--json', '--logs', folder]);
  if (run.code !== 0) throw new Error(`a good history was refused (${run.code}): ${run.out.slice(0, 2000)}`);
  const count = JSON.parse(run.out).events;
  console.log('| events | log, MB | judged in | CPU | events per CPU second | peak memory | wc -l, CPU |');
  console.log('|---|---|---|---|---|---|---|');
  console.log(
    `| ${count} | ${size.toFixed(0)} | ${run.seconds.toFixed(1)} s | ${run.cpu.toFixed(1)} s | ${(count / run.cpu / 1e6).toFixed(2)} M | ${run.megabytes.toFixed(0)} MB | ${yard.cpu.toFixed(1)} s |`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
