// keys - the signing key and the secret are replaced by the procedure of auth's README while people sign in, refresh and ask: nobody is
// refused.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { call, person } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { shown, signIn } from './lib/credentials.mjs';

// Gateways ask for keys once a minute.
const announcedMs = 62000;
const accessSeconds = 10;
const pulseMs = 200;
const signInMs = 1000;

let cluster;
before(async () => {
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_AUTHS: '2', PARLEY_RATE_LIMITS: 'off', PARLEY_ACCESS_TTL: `${accessSeconds}s` } });
});
after(() => cluster?.destroy());

const file = (name) => join(cluster.state, name);
const reload = () => Promise.all(['auth', 'auth1'].map((name) => cluster.kill(name, 'SIGHUP')));
const kidOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;

// Does `work` again and again until it is stopped; refusals are kept as sentences.
function busy(work, pauseMs, refusals) {
  const state = { isOver: false, done: 0 };
  const loop = async () => {
    for (let i = 0; !state.isOver; i++) {
      const answer = await work(i).catch((error) => ({ status: 0, text: error.message }));
      if (answer.status === 0 || answer.status >= 400) refusals.push(`${new Date().toISOString()} ${answer.status} ${answer.text}`);
      state.done++;
      await delay(pauseMs);
    }
  };
  state.over = loop();
  return state;
}

test('no request is refused while key and secret are replaced', { timeout: 230000 }, async () => {
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((name) => person(cluster.url(), name)));
  const authtoken = await signIn(cluster.url(), eve, 'authtoken');
  const cookie = await signIn(cluster.url(), eve, 'cookie');
  const refusals = [];
  const me = (headers, i) => call(cluster.url(i % 2), 'GET', '/v1/accounts/me', { headers });
  const refresh = async (who, i) => {
    const answer = await call(cluster.url(i % 2), 'POST', '/v1/sessions/refresh', { body: { refresh: who.refresh } });
    if (answer.status < 300) Object.assign(who, { access: answer.json.access, refresh: answer.json.refresh });
    return answer;
  };
  const works = [
    busy((i) => refresh(ann, i), accessSeconds * 250, refusals),
    busy((i) => me({ authorization: `Bearer ${ann.access}` }, i), pulseMs, refusals),
    busy((i) => me(shown(authtoken), i), pulseMs, refusals),
    busy((i) => me(shown(cookie), i), pulseMs, refusals),
    busy((i) => call(cluster.url(i % 2), 'POST', '/v1/sessions', { body: { identifier: bob.login, password: bob.password, device: 'test' } }), signInMs, refusals),
    busy(
      async (i) => {
        const again = await signIn(cluster.url(i % 2), eve, 'authtoken').catch((error) => error);
        return again.secret === authtoken.secret ? { status: 200 } : { status: 0, text: `another authtoken: ${again.message ?? ''}` };
      },
      signInMs,
      refusals,
    ),
  ];

  const before = kidOf(ann.access);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(file('auth-key-next.jwk'), JSON.stringify(privateKey.export({ format: 'jwk' })), { mode: 0o600 });
  writeFileSync(file('auth-secret-next'), randomBytes(32), { mode: 0o600 });
  await reload();
  await delay(announcedMs);
  for (const [name, next] of [['auth-key.jwk', 'auth-key-next.jwk'], ['auth-secret', 'auth-secret-next']]) {
    renameSync(file(name), file(`${name}.old`));
    renameSync(file(next), file(name));
    renameSync(file(`${name}.old`), file(next));
  }
  await reload();
  await until('tokens are signed by the new key', async () => kidOf((await signIn(cluster.url(), bob)).secret) !== before);
  await delay(accessSeconds * 1000);
  assert.notEqual(kidOf(ann.access), before);
  rmSync(file('auth-key-next.jwk'));
  await reload();
  await delay(accessSeconds * 500);
  for (const work of works) work.isOver = true;
  await Promise.all(works.map((work) => work.over));
  assert.deepEqual(refusals, []);
  assert.ok(works.every((work) => work.done > 8), works.map((work) => work.done).join(' '));
});
