// latency - how long acknowledgements and deliveries took inside windows of time, from the clients' own logs.
import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

async function eachLine(path, take) {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) take(line);
}

// Those who come and go are given what they missed: how old it is says nothing about the server.
const isSteady = (name) => name.endsWith('.jsonl') && !/^(?:final|nemesis|churn\d*|revoked\d*)\.jsonl$/.test(name);

const wanted = /"kind":"(?:send|recv)"/;

// Of clients that stay: the first try of every send by its send_id, and every acknowledgement and delivery: { begun, ended }, ns of one clock.
async function passages(folder) {
  const begun = new Map();
  const ended = [];
  for (const name of readdirSync(folder).filter(isSteady))
    await eachLine(join(folder, name), (line) => {
      if (!wanted.test(line)) return;
      const { kind, op, cmid, mono_ns: at } = JSON.parse(line);
      if (!cmid) return;
      if (kind === 'send' && op === 'invoke') begun.set(cmid, Math.min(at, begun.get(cmid) ?? at));
      else if (op === 'ok') ended.push([kind, cmid, at]);
    });
  return ended.filter(([, cmid]) => begun.has(cmid)).map(([kind, cmid, at]) => ({ kind, begun: begun.get(cmid), ended: at }));
}

export const percentile = (sorted, percent) => sorted[Math.min(sorted.length - 1, Math.ceil((sorted.length * percent) / 100) - 1)];

// windows: { name, from, to } in ns. Gives { name: { send: [us..], recv: [us..] } }, sorted, of what began inside a window of that name.
export async function latencies(folder, windows) {
  const found = {};
  for (const { name } of windows) found[name] ??= { send: [], recv: [] };
  for (const { kind, begun, ended } of await passages(folder)) {
    const window = windows.find(({ from, to }) => from <= begun && begun < to);
    if (window) found[window.name][kind].push((ended - begun) / 1000);
  }
  for (const { send, recv } of Object.values(found)) [send, recv].forEach((list) => list.sort((a, b) => a - b));
  return found;
}
