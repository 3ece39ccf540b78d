// auth_away - auth is away for longer than gateways may be blind: who is signed in talks on, nobody new signs in, all comes back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { call, person, roomOf } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { shown, signIn } from './lib/credentials.mjs';

// Longer than LIM_REVOKED_BLIND_MS and than an opaque credential is remembered while auth can be asked.
const awayMs = 70000;
const sendMs = 500;
const slowMs = 5000;

let cluster;
before(async () => {
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_RATE_LIMITS: 'off', PARLEY_ACCESS_TTL: '1h' } });
});
after(() => cluster?.destroy());

test('messages flow for 70 s without auth, opaque credentials stay good, signing in answers 503, and all comes back', { timeout: 180000 }, async () => {
  const [ann, bob] = [await person(cluster.url(0), 'ann'), await person(cluster.url(1), 'bob')];
  const room = await roomOf(cluster.url(0), [ann, bob]);
  const knox = await signIn(cluster.url(0), bob, 'knox');
  const known = () => call(cluster.url(0), 'GET', '/v1/accounts/me', { headers: shown(knox) });
  assert.equal((await known()).status, 200);
  const clients = [ann, bob].map((who, i) => new Client({ urls: [cluster.ws(i)], token: who.access, name: who.login }));
  for (const client of clients) client.connect();
  await Promise.all(clients.map((client) => client.join(room.id)));
  await cluster.supervise('stop', 'auth');
  const took = [];
  for (const end = Date.now() + awayMs; Date.now() < end; await delay(sendMs)) {
    const started = Date.now();
    await clients[took.length % 2].send(room.id, `${took.length}`);
    took.push(Date.now() - started);
  }
  assert.ok(took.length > 50);
  assert.ok(Math.max(...took) < slowMs, `a message took ${Math.max(...took)} ms`);
  assert.ok(clients.every((client) => !client.log.some((note) => note.op === 'close')), 'a socket was closed');
  const history = await call(cluster.url(1), 'GET', `/v1/rooms/${room.id}/messages`, { token: bob.access });
  assert.equal(history.status, 200);
  const byKnox = await call(cluster.url(0), 'GET', `/v1/rooms/${room.id}/messages`, { headers: shown(knox) });
  assert.equal(byKnox.status, 200, byKnox.text);
  const refused = await call(cluster.url(0), 'POST', '/v1/sessions', { body: { identifier: ann.login, password: ann.password, device: 'test' } });
  assert.ok([503, 504].includes(refused.status), refused.text);
  if (refused.status === 503) assert.ok(refused.headers.get('retry-after'));
  await cluster.supervise('start', 'auth');
  await until('signing in works again', async () => (await call(cluster.url(0), 'POST', '/v1/sessions', { body: { identifier: ann.login, password: ann.password, device: 'test' } })).status < 300);
  await until('everybody has everything', () => clients[0].rooms.get(room.id).last === clients[1].rooms.get(room.id).last);
  for (const client of clients) client.close();
});
