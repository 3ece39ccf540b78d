// postgres - PostgreSQL servers of a row: the one that scripts/run has made, and more that the row itself runs.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { until } from '../../e2e/lib/cluster.mjs';

const run = promisify(execFile);
const bin = process.env.PARLEY_PG_BIN ?? '/usr/lib/postgresql/15/bin';
const readyMs = 30000;
const grabMs = 5;

// PostgreSQL refuses root: its programs run as `postgres` then.
const user = process.getuid() === 0 ? ['--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
const asPostgres = (...command) => ['setpriv', ['--pdeathsig', 'INT', ...user, '--', ...command]];

// Runs one of PostgreSQL's programs as its user.
export async function tool(name, ...args) {
  const [command, rest] = asPostgres(join(bin, name), ...args);
  return run(command, rest, { cwd: '/' });
}

// A server by its data folder and the folder of its socket.
export class Server {
  constructor({ name, data, socket }) {
    Object.assign(this, { name, data, socket });
  }

  // The server of a cluster, which from now on trusts whoever may open its socket.
  static async of(cluster) {
    const self = new Server({ name: 'a', data: realpathSync(join(cluster.state, 'postgres')), socket: join(realpathSync(join(cluster.state, 'run')), 'pg') });
    const rules = join(self.data, 'pg_hba.conf');
    writeFileSync(rules, `local all all trust\nlocal replication all trust\n${readFileSync(rules, 'utf8')}`);
    process.kill(self.postmaster, 'SIGHUP');
    await self.ready();
    return self;
  }

  // From the first line of postmaster.pid; undefined when it is not running.
  get postmaster() {
    try {
      return Number(readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    } catch {
      return undefined;
    }
  }

  // Rows of the answer, cells separated by `|`; as superuser.
  async sql(text, database = 'parley') {
    const { stdout } = await run(join(bin, 'psql'), ['-XAtqw', '-v', 'ON_ERROR_STOP=1', '-h', this.socket, '-U', 'postgres', '-d', database, '-c', text], { cwd: '/' });
    return stdout.split('\n').filter(Boolean);
  }

  // Whether a condition in SQL holds; false too while the server does not answer.
  async holds(condition) {
    return (await this.sql(`SELECT (${condition})::int`, 'postgres').catch(() => ['0']))[0] === '1';
  }

  ready() {
    return until(`PostgreSQL ${this.name} answers`, () => this.holds('true'), readyMs, 10);
  }

  configure(settings) {
    appendFileSync(join(this.data, 'postgresql.auto.conf'), Object.entries(settings).map(([key, value]) => `${key} = '${value}'\n`).join(''));
  }

  async set(settings) {
    for (const [key, value] of Object.entries(settings)) await this.sql(`ALTER SYSTEM SET ${key} = '${value}'`);
    await this.sql('SELECT pg_reload_conf ()');
  }

  // Runs the server as a child of this process; returns at once.
  start() {
    const [command, args] = asPostgres(join(bin, 'postgres'), '-D', this.data, '-k', this.socket);
    this.log = '';
    this.child = spawn(command, args, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr.on('data', (chunk) => (this.log = (this.log + chunk).slice(-20000)));
    this.exited = once(this.child, 'exit');
  }

  get isRunning() {
    return Boolean(this.child) && this.child.exitCode === null && this.child.signalCode === null;
  }

  // SIGINT ends it in order, SIGQUIT at once, SIGKILL without a word; resolves when all its sessions are gone too.
  async stop(signal = 'SIGINT') {
    if (!this.isRunning) return;
    const family = await this.#family();
    this.child.kill(signal);
    await this.exited;
    await until(`PostgreSQL ${this.name} is gone`, () => family.every((pid) => !isAlive(pid)), readyMs, 5);
  }

  async #family() {
    return readFileSync(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  }
}

function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

// A session that stays open between statements, and so keeps its locks.
export class Session {
  constructor(server) {
    this.child = spawn(join(bin, 'psql'), ['-XAtqw', '-h', server.socket, '-U', 'postgres', '-d', 'parley'], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
    this.child.stdin.on('error', () => {});
    this.ended = once(this.child, 'exit');
    this.waiting = [];
    createInterface({ input: this.child.stdout }).on('line', (line) => line === 'done' && this.waiting.shift()?.());
  }

  // Resolves when the statements are through, well or not.
  run(text) {
    const done = new Promise((resolve) => this.waiting.push(resolve));
    this.child.stdin.write(`${text};\n\\echo done\n`);
    return Promise.race([done, this.ended]);
  }

  // The server sees that its client has gone and rolls back.
  close() {
    this.child.kill('SIGKILL');
  }
}

// Takes every connection that an ordinary user may have, and each that becomes free, until it is closed.
export class Hog {
  constructor(server, user = 'parley') {
    const pairs = Buffer.from(`user\0${user}\0database\0parley\0\0`);
    this.hello = Buffer.alloc(8 + pairs.length);
    this.hello.writeInt32BE(this.hello.length, 0);
    this.hello.writeInt32BE(196608, 4); // protocol 3.0
    pairs.copy(this.hello, 8);
    this.path = join(server.socket, '.s.PGSQL.5432');
    this.sockets = new Set();
    this.isRefused = false;
    this.timer = setInterval(() => this.#grab(), grabMs);
  }

  #grab() {
    const socket = connect(this.path, () => socket.write(this.hello));
    this.sockets.add(socket);
    socket.on('data', () => {});
    socket.on('error', () => {});
    socket.on('close', () => {
      this.sockets.delete(socket);
      this.isRefused = true; // nobody but the server ends one of these
    });
  }

  close() {
    clearInterval(this.timer);
    for (const socket of this.sockets) socket.destroy();
  }
}
