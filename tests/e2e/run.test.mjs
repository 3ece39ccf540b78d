// run - `make run` as an operator meets it: start, second start, stop, a supervisor killed, long paths, what is linked, what it weighs.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { call, person, roomOf } from './lib/api.mjs';
import { Cluster, root, until } from './lib/cluster.mjs';
import { historyOf } from './lib/history.mjs';

const bin = join(root, 'build/release/bin');
let cluster;
let state;
before(async () => {
  state = join(mkdtempSync(join(tmpdir(), 'parley-run-')), 'a'.repeat(90), 'state');
  cluster = await Cluster.start({ state });
});
after(async () => {
  await cluster?.stop();
  const data = execFileSync('readlink', ['-f', join(state, 'run')], { encoding: 'utf8' }).trim();
  rmSync(data, { recursive: true, force: true });
  rmSync(state, { recursive: true, force: true });
});

function running(path) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(path);
      } catch {
        return false;
      }
    });
}

test('a state directory whose path is too long for sockets works', async () => {
  assert.ok(state.length > 107);
  const answer = await call(cluster.url(), 'GET', '/readyz');
  assert.equal(answer.status, 200);
});

test('a second start on the same state directory says so and ends', () => {
  const second = spawnSync(join(root, 'scripts/run'), { env: { ...process.env, PARLEY_STATE_DIR: state }, encoding: 'utf8' });
  assert.equal(second.status, 69);
  assert.match(second.stderr, /already running/);
});

test('two runs with different state directories and ports live side by side', async () => {
  const other = await Cluster.start();
  try {
    const ann = await person(other.url(), 'ann');
    assert.equal((await call(cluster.url(), 'POST', '/v1/sessions', { body: { identifier: ann.login, password: ann.password } })).status, 401);
    assert.equal((await call(cluster.url(), 'GET', '/readyz')).status, 200);
  } finally {
    await other.destroy();
  }
  assert.equal((await call(cluster.url(), 'GET', '/readyz')).status, 200);
});

test('secrets in the state directory are readable by the owner alone', () => {
  for (const name of readdirSync(state)) {
    const info = statSync(join(state, name));
    if (info.isFile()) assert.equal(info.mode & 0o077, 0, name);
  }
});

test('each program links only what its role needs', () => {
  const only = { websockets: ['parley-gateway'], pq: ['parley-store'], curl: ['parley-auth'], cjose: ['parley-auth', 'parley-gateway'], ev: ['parley-gateway'], sodium: ['parley-auth'], magic: ['parley-drive'], jansson: ['parley', 'parley-auth', 'parley-gateway', 'parley-sim'] };
  for (const program of readdirSync(bin)) {
    const needed = execFileSync('readelf', ['-d', join(bin, program)], { encoding: 'utf8' });
    for (const [library, allowed] of Object.entries(only)) {
      assert.equal(new RegExp(`NEEDED.*\\[lib${library}\\.so`).test(needed) && !allowed.includes(program), false, `${program} links ${library}`);
    }
  }
  assert.match(execFileSync('readelf', ['-d', join(bin, 'parley-store')], { encoding: 'utf8' }), /libpq/);
});

test('all daemons together are under 60 MB and use no measurable CPU when idle', async () => {
  const pids = await until('all daemons run', () => (Object.keys(cluster.pids()).length >= 8 ? cluster.pids() : null));
  delete pids.postgres;
  const ticks = (pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((a, b) => a + Number(b), 0);
  const before = Object.values(pids).reduce((sum, pid) => sum + ticks(pid), 0);
  const started = process.hrtime.bigint();
  await until('two seconds of idling', () => process.hrtime.bigint() - started > 2_000_000_000n);
  const used = Object.values(pids).reduce((sum, pid) => sum + ticks(pid), 0) - before;
  assert.ok(used <= 6, `${used} ticks of 10 ms in 2 s`);
  let pss = 0;
  for (const pid of Object.values(pids)) pss += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]);
  console.log(`# ${Object.keys(pids).length} daemons, ${(pss / 1024).toFixed(1)} MB, ${used} ticks in 2 s`);
  assert.ok(pss < 60 * 1024, `${pss} KiB`);
});

test('parley status and parley doctor find everything well', () => {
  const status = spawnSync(join(bin, 'parley'), ['status', '--state-dir', state], { encoding: 'utf8' });
  assert.equal(status.status, 0, status.stdout + status.stderr);
  for (const service of ['auth', 'chat', 'drive', 'store']) assert.match(status.stdout, new RegExp(service));
  assert.ok(JSON.parse(execFileSync(join(bin, 'parley'), ['status', '--state-dir', state, '--json'], { encoding: 'utf8' })));
  const doctor = spawnSync(join(bin, 'parley'), ['doctor', '--state-dir', state], { encoding: 'utf8' });
  assert.equal(doctor.status, 0, doctor.stdout + doctor.stderr);
});

test('parley doctor names what is missing', async () => {
  const pid = await cluster.kill('chat', 'SIGSTOP');
  try {
    const doctor = await until('the doctor misses chat', () => {
      const run = spawnSync(join(bin, 'parley'), ['doctor', '--state-dir', state], { encoding: 'utf8' });
      return run.status !== 0 && /chat/i.test(run.stdout) ? run : null;
    });
    assert.match(doctor.stdout, /FAIL/);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await cluster.ready();
});

test('Ctrl-C without clients ends everything within 3 s; what was written is there after the next start, within 5 s', async () => {
  const ann = await person(cluster.url(), 'ann');
  const room = await roomOf(cluster.url(), [ann]);
  await call(cluster.url(), 'POST', `/v1/rooms/${room.id}/messages`, { token: ann.access, body: { send_id: '1', body: 'kept' } });
  const real = execFileSync('readlink', ['-f', join(state, 'run')], { encoding: 'utf8' }).trim();
  const ms = await cluster.stop();
  assert.ok(ms < 3000, `${ms} ms`);
  assert.deepEqual(running(real), []);
  await cluster.run();
  assert.ok(cluster.readyMs < 5000, `${cluster.readyMs} ms`);
  console.log(`# stop ${ms} ms, start to ready ${cluster.readyMs} ms`);
  const items = await historyOf(cluster.url(), ann.access, room.id);
  assert.equal(items.at(-1).body, 'kept');
});

test('Ctrl-C ends a run that was started in the background, where shells have it ignored', async () => {
  const other = await Cluster.start({ through: ['env', '--ignore-signal=INT'] });
  const { state: folder } = other;
  await other.destroy();
  assert.deepEqual(running(folder), []);
});

const parentOf = (pid) => Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

for (const [who, find] of [
  ['a supervisor', () => parentOf(cluster.pids().chat)],
  ['the script', () => cluster.child.pid],
]) {
  test(`${who} killed with -9 leaves nothing running, and the next start recovers`, async () => {
    const real = execFileSync('readlink', ['-f', join(state, 'run')], { encoding: 'utf8' }).trim();
    process.kill(find(), 'SIGKILL');
    await cluster.exited;
    await until('nothing is left', () => running(real).length + running(state).length === 0, 10000);
    await cluster.run();
    assert.equal((await call(cluster.url(), 'GET', '/readyz')).status, 200);
  });
}
