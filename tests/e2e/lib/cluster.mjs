// cluster - a whole Parley for one test file: `scripts/run` on a state directory and ports of its own.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, existsSync, realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

// Test files that run beside each other have a lane each, so that none is given a port another is about to listen on. Below
// the ports the kernel gives out.
const LANES = 4;
const LANE = 3000;
const PORTS_MAX = 20; // of one cluster
const laneStart = 20000 + ((Number(process.env.PARLEY_TEST_LANE) || 0) % LANES) * LANE;
const given = new Set(); // by first port: of clusters that start at one time

// A block of free ports, asked of the kernel: [first, first + count).
async function freePorts(count) {
  for (let attempt = 0; attempt < 50; attempt++) {
    const first = laneStart + PORTS_MAX * Math.floor(Math.random() * (LANE / PORTS_MAX));
    if (given.has(first)) continue;
    given.add(first);
    const servers = [];
    try {
      for (let i = 0; i < count; i++) {
        const server = createServer();
        servers.push(server);
        server.listen(first + i, '127.0.0.1');
        await once(server, 'listening');
      }
      return first;
    } catch {
      given.delete(first); // taken: try another block
    } finally {
      await Promise.all(servers.map((s) => new Promise((done) => s.close(done))));
    }
  }
  throw new Error('no free ports');
}

// Polls `check` until it gives a value; `what` names it when time is up.
export async function until(what, check, ms = 15000, step = 20) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`timed out after ${ms} ms: ${what}`);
    await delay(step);
  }
}

const childrenOf = (pid) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);

// [name, pid] of what a supervisor runs; none for a process that is none, and for a child that is a fork still, or dead.
function servedBy(supervisor) {
  try {
    const [program, folder] = readFileSync(`/proc/${supervisor}/cmdline`, 'utf8').split('\0');
    if (program !== 's6-supervise') return [];
    const runs = childrenOf(supervisor).filter((pid) => !/^Name:\s+s6-supervise$|^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    return runs.map((pid) => [basename(folder), Number(pid)]);
  } catch {
    return [];
  }
}

export class Cluster {
  static async start({ gateways = 1, brokers = 2, state, env = {}, through = [] } = {}) {
    const self = new Cluster();
    self.ownState = !state;
    self.state = state ?? mkdtempSync(join(tmpdir(), 'parley-e2e-'));
    self.gateways = gateways;
    self.brokers = brokers;
    self.env = env;
    self.through = through; // a command that starts the script
    self.port = await freePorts(gateways * 2);
    try {
      await self.run();
    } catch (error) {
      // What began to run must not outlive its owner, who never gets to know it.
      await self.destroy();
      throw error;
    }
    return self;
  }

  // Starts the processes on the state directory; may be called again after stop or a kill.
  async run() {
    this.log = '';
    // Should this process be killed, nothing is left behind.
    this.child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...this.through, join(root, 'scripts/run')], {
      env: {
        ...process.env,
        PARLEY_STATE_DIR: this.state,
        PARLEY_HTTP_PORT: String(this.port),
        PARLEY_INTERNAL_PORT: String(this.port + this.gateways),
        PARLEY_GATEWAYS: String(this.gateways),
        PARLEY_BROKERS: String(this.brokers),
        PARLEY_RATE_LIMITS: 'off', // all clients are here
        ...this.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const keep = (chunk) => {
      this.log = (this.log + chunk).slice(-400000);
    };
    this.child.stdout.on('data', keep);
    this.child.stderr.on('data', keep);
    this.exited = once(this.child, 'exit');
    const started = Date.now();
    await this.ready();
    this.readyMs = Date.now() - started;
  }

  // With a certificate of its own in `env` the gateway serves TLS alone.
  get scheme() {
    return this.env.PARLEY_TLS_CERT ? 'https' : 'http';
  }

  url(gateway = 0) {
    return `${this.scheme}://127.0.0.1:${this.port + gateway}`;
  }

  ws(gateway = 0) {
    return `ws://127.0.0.1:${this.port + gateway}/v1/ws`;
  }

  internal(gateway = 0) {
    return `http://127.0.0.1:${this.port + this.gateways + gateway}`;
  }

  async ready(ms = 30000) {
    for (let g = 0; g < this.gateways; g++) {
      await until(
        `gateway ${g} ready\n${this.log.slice(-4000)}`,
        async () => {
          if (this.child.exitCode !== null) throw new Error(`the run ended (${this.child.exitCode}):\n${this.log}`);
          // fetch trusts no certificate of ours.
          const base = this.scheme === 'https' ? this.internal(g) : this.url(g);
          const answer = await fetch(`${base}/readyz`).catch(() => null);
          return answer?.status === 200;
        },
        ms,
      );
    }
  }

  // Process ids by name (broker0, store, gateway1, postgres), from the moment they are started.
  pids() {
    try {
      return Object.fromEntries(childrenOf(this.child.pid).flatMap(servedBy));
    } catch {
      return {}; // no run: no processes
    }
  }

  // Whether a process is up, and its pid ('-1' when it is not), as its supervisor knows.
  async supervised(name) {
    const { stdout } = await promisify(execFile)('s6-svstat', ['-o', 'up,pid', join(this.state, 'run/services', name)]);
    const [up, pid] = stdout.trim().split(' ');
    return { up: up === 'true', pid };
  }

  // Starts, stops or restarts a process by name, and waits until it is so. s6-svc's own waiting has no end when the process has
  // died by itself a moment before.
  async supervise(action, ...names) {
    const flag = { start: '-u', stop: '-d', restart: '-r' }[action];
    const one = async (name) => {
      const before = await this.supervised(name);
      await promisify(execFile)('s6-svc', [flag, join(this.state, 'run/services', name)]);
      const isSo = ({ up, pid }) => (action === 'stop' ? !up : up && (action === 'start' || pid !== before.pid));
      await until(`${action} of ${name}`, async () => isSo(await this.supervised(name)));
    };
    await Promise.all(names.map(one));
  }

  // kill -9 (or another signal) of one process by name; returns the pid.
  async kill(name, signal = 'SIGKILL') {
    const pid = await until(`${name} has a pid`, () => this.pids()[name]);
    process.kill(pid, signal);
    return pid;
  }

  async stop(signal = 'SIGINT') {
    const started = Date.now();
    if (this.child.exitCode === null && this.child.signalCode === null) {
      process.kill(this.child.pid, signal);
      await this.exited;
    }
    return Date.now() - started;
  }

  async destroy() {
    await this.stop();
    given.delete(this.port);
    if (!this.ownState) return;
    for (const link of ['postgres', 'run']) {
      const path = join(this.state, link);
      if (existsSync(path)) rmSync(realpathSync(path), { recursive: true, force: true });
    }
    rmSync(this.state, { recursive: true, force: true });
  }

  runEnv() {
    return Object.fromEntries(
      readFileSync(join(this.state, 'run.env'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
  }
}
