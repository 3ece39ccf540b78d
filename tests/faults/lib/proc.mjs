// proc - what /proc tells of processes: memory, descriptors, CPU, children.
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const ticksPerSecond = 100;

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

export function childrenOf(pid) {
  return read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
}

// The process and all that descend from it.
export function familyOf(pid) {
  return [pid, ...childrenOf(pid).flatMap(familyOf)];
}

// Seconds of CPU used so far; 0 for a process that is gone.
export function cpuOf(pid) {
  const fields = read(`/proc/${pid}/stat`).split(') ')[1]?.split(' ');
  return fields ? (Number(fields[11]) + Number(fields[12])) / ticksPerSecond : 0;
}

// Percent of a core that a process uses during `ms`.
export async function cpuDuring(pid, ms) {
  const before = cpuOf(pid);
  const started = process.hrtime.bigint();
  await delay(ms);
  return ((cpuOf(pid) - before) * 100) / (Number(process.hrtime.bigint() - started) / 1e9);
}

const status = (pid, key) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

// Resident memory in bytes, and the part of it that is its own: what a family shares must not be counted for each member.
export const rssOf = (pid) => status(pid, 'VmRSS');
export const ownOf = (pid) => status(pid, 'RssAnon');

export function fdsOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

// Whether the process is stopped by a signal.
export function isStopped(pid) {
  return /^State:\s+T/m.test(read(`/proc/${pid}/status`));
}
