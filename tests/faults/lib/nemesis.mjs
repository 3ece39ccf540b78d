// nemesis - the runner's own log: when each fault began and ended, and what every process used meanwhile.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuOf, familyOf, fdsOf, ownOf, rssOf } from './proc.mjs';

const MB = 1024 * 1024;
const sampleMs = 1000;
const idleMs = 2000;
// A stack of daemons that has just lost its clients closes sockets and writes its last lines for a moment.
const settleMs = 500;

// Caps of each process (I10): memory of its own in bytes, descriptors, percent of a core when nothing is asked of it. auth hashes
// passwords in several threads at 64 MB each; PostgreSQL's figures are those of the whole family.
export const caps = {
  gateway: { rss: 256 * MB, fds: 16384, idle: 10 },
  broker: { rss: 256 * MB, fds: 1024, idle: 10 },
  auth: { rss: 512 * MB, fds: 256, idle: 10 },
  chat: { rss: 256 * MB, fds: 256, idle: 10 },
  drive: { rss: 512 * MB, fds: 4096, idle: 10 },
  store: { rss: 256 * MB, fds: 256, idle: 10 },
  postgres: { rss: 1024 * MB, fds: 8192, idle: 10 },
};

export const capsOf = (name) => caps[name.replace(/\d+$/, '')];

// Sentences about what a sample of one process is beyond.
export function beyondCaps(name, { rss = 0, fds = 0, idle = 0 }) {
  const cap = capsOf(name);
  const found = [];
  if (!cap) return found;
  if (rss > cap.rss) found.push(`${name} holds ${Math.round(rss / MB)} MB, its cap is ${cap.rss / MB} MB`);
  if (fds > cap.fds) found.push(`${name} holds ${fds} descriptors, its cap is ${cap.fds}`);
  if (idle > cap.idle) found.push(`${name} uses ${Math.round(idle)} % of a core while idle, its cap is ${cap.idle} %`);
  return found;
}

export class Nemesis {
  constructor(folder, cluster) {
    mkdirSync(folder, { recursive: true });
    this.file = openSync(join(folder, 'nemesis.jsonl'), 'w');
    this.cluster = cluster;
    this.used = new Map(); // pid -> seconds of CPU at the last sample
    this.peak = { rss: 0, fds: 0, name: '' };
    this.beyond = new Map(); // name -> sentences
    this.timer = setInterval(() => this.sample(), sampleMs);
    this.at = process.hrtime.bigint();
  }

  line(fields) {
    // Written at once, so that what is in the log has not been done yet.
    const note = JSON.stringify({ client: 'nemesis', ...fields });
    writeSync(this.file, `{"mono_ns":${process.hrtime.bigint()},"wall_ns":${Date.now()}000000,${note.slice(1)}\n`);
  }

  // op: invoke (it begins), ok (it has ended), info (all flows again). isBlind: while it lasts, nobody can read what is revoked.
  fault(op, row, target, isBlind = false) {
    this.line({ op, kind: 'fault', err: row, gateway: target, ...(isBlind ? { what: 'blind' } : {}) });
  }

  sample() {
    const now = process.hrtime.bigint();
    const seconds = Number(now - this.at) / 1e9;
    this.at = now;
    for (const [name, pid] of Object.entries(this.cluster.pids())) {
      const { rss, fds, cpu } = this.#measure(name, pid);
      const before = this.used.get(pid);
      this.used.set(pid, cpu);
      this.line({ op: 'info', kind: 'stat', gateway: name, rss, fds, cpu: before === undefined ? 0 : Math.max(0, Math.round((100 * (cpu - before)) / seconds)) });
      if (name !== 'postgres' && rss > this.peak.rss) this.peak = { ...this.peak, rss, name };
      this.peak.fds = Math.max(this.peak.fds, fds);
      this.#blame(name, beyondCaps(name, { rss, fds }));
    }
  }

  // Watches the processes for a moment in which nothing is asked of them.
  async idle() {
    await delay(settleMs);
    const before = Object.entries(this.cluster.pids()).map(([name, pid]) => [name, pid, this.#measure(name, pid).cpu]);
    const started = process.hrtime.bigint();
    await delay(idleMs);
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    for (const [name, pid, cpu] of before) {
      const { cpu: after, rss, fds } = this.#measure(name, pid);
      const idle = Math.max(0, (100 * (after - cpu)) / seconds);
      this.line({ op: 'info', kind: 'stat', what: 'idle', gateway: name, rss, fds, cpu: Math.round(idle) });
      this.#blame(name, beyondCaps(name, { idle }));
    }
  }

  findings() {
    return [...this.beyond.values()].flat();
  }

  stop() {
    clearInterval(this.timer);
  }

  close() {
    this.stop();
    if (this.file !== null) closeSync(this.file);
    this.file = null;
  }

  #measure(name, pid) {
    if (name !== 'postgres') return { rss: rssOf(pid), fds: fdsOf(pid), cpu: cpuOf(pid) };
    const family = familyOf(pid);
    const sum = (of) => family.reduce((total, one) => total + of(one), 0);
    return { rss: sum(ownOf), fds: sum(fdsOf), cpu: sum(cpuOf) };
  }

  #blame(name, sentences) {
    if (sentences.length > 0 && !this.beyond.has(name)) this.beyond.set(name, sentences);
  }
}
