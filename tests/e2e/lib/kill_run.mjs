// kill_run - traffic at a steady rate while processes are killed with -9 at random moments; the judge decides from the clients' logs.
import { setTimeout as delay } from 'node:timers/promises';
import { person, roomOf } from './api.mjs';
import { Client } from './client.mjs';
import { until } from './cluster.mjs';
import { historyOf } from './history.mjs';
import { judge } from './judge.mjs';

// A small seeded generator (mulberry32), so that a run can be repeated.
export function seeded(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Sends `rate` messages a second from `people` clients in `roomCount` rooms on all gateways, kills each of `targets` in turn `kills`
// times, waits until all is acknowledged and delivered. Returns counts and faults.
export async function killRun(cluster, { targets, kills, rate = 200, people: peopleCount = 8, roomCount = 4, seed = 1, log = () => {} }) {
  const random = seeded(seed);
  const urls = Array.from({ length: cluster.gateways }, (_, g) => cluster.ws(g));
  const people = [];
  for (let i = 0; i < peopleCount; i++) people.push(await person(cluster.url(), `k${i}`));
  const rooms = [];
  for (let i = 0; i < roomCount; i++) rooms.push((await roomOf(cluster.url(), people, `kill ${i}`)).id);
  const clients = people.map((one, i) => {
    const client = new Client({ urls: [...urls.slice(i % urls.length), ...urls.slice(0, i % urls.length)], token: () => freshToken(cluster, one), name: `k${i}` });
    client.connect();
    return client;
  });
  await Promise.all(clients.flatMap((client) => rooms.map((room) => client.join(room))));

  let sent = 0;
  let acked = 0;
  const worst = { ms: 0 };
  const started = Date.now();
  const pulse = setInterval(() => {
    for (const due = ((Date.now() - started) / 1000) * rate; sent < due; sent++) {
      const at = Date.now();
      const client = clients[sent % clients.length];
      client.send(rooms[Math.floor(random() * rooms.length)], `${client.name} ${sent}`).then(() => {
        acked++;
        worst.ms = Math.max(worst.ms, Date.now() - at);
      });
    }
  }, 5);

  const killed = {};
  try {
    for (let round = 0; round < kills; round++) {
      for (const target of targets) {
        await delay(200 + random() * 600);
        const before = acked;
        const at = Date.now();
        await cluster.kill(target);
        await until(`${target} runs again`, () => cluster.pids()[target], 20000, 50);
        await until(`messages flow after ${target}`, () => acked > before + 20, 30000);
        killed[target] ??= { kills: 0, worst_ms: 0 };
        killed[target].kills++;
        killed[target].worst_ms = Math.max(killed[target].worst_ms, Date.now() - at);
        log(`${target} killed (${round + 1}/${kills}), flowing again after ${Date.now() - at} ms`);
      }
    }
  } finally {
    clearInterval(pulse);
  }
  const seconds = (Date.now() - started) / 1000;
  await until('all is acknowledged', () => clients.every((client) => client.idle), 30000);
  await cluster.ready();
  const history = new Map();
  for (const room of rooms) {
    const items = await historyOf(cluster.url(), await freshToken(cluster, people[0]), room);
    history.set(room, items);
    await until(
      `everybody has all ${items.length} of room ${room}`,
      () => clients.every((client) => client.rooms.get(room).last >= items.length),
      20000,
    ).catch((error) => log(`${error.message}: ${clients.map((client) => client.rooms.get(room).last)}`));
  }
  const names = clients.map((client) => client.name);
  const verdict = judge({ logs: clients.map((client) => client.log), history, members: new Map(rooms.map((room) => [room, names])) });
  clients.forEach((client) => client.close());
  return { ...verdict, killed, seconds, worst_ack_ms: worst.ms };
}

// An access token that lasts: signs in again when the one at hand is older than two minutes.
async function freshToken(cluster, one) {
  if (one.grantedAt && Date.now() - one.grantedAt < 120000) return one.access;
  for (let g = 0; ; g = (g + 1) % cluster.gateways) {
    const answer = await fetch(`${cluster.url(g)}/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ identifier: one.login, password: one.password }),
    }).catch(() => null);
    if (answer?.ok) {
      one.access = (await answer.json()).access;
      one.grantedAt = Date.now();
      return one.access;
    }
    await delay(100);
  }
}
