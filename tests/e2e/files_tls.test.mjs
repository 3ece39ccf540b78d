// files_tls - files up and down where the gateway ends TLS itself: every byte compared, also with clients that are slow and a drive that dies.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Cluster, until } from './lib/cluster.mjs';
import { ask, compare, contentOf, contentPath, create, patch, put, sha256, streamOf } from './lib/files.mjs';

const MiB = 1024 * 1024;

// More than the kernels keep between the two: the gateway has to wait for a reader that stands still.
const size = 24 * MiB;

let folder;
let cluster;
let base;
let agent;
let token;

async function selfSigned() {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await promisify(execFile)('openssl', ['req', '-x509', ...curve, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert]);
  return { PARLEY_TLS_CERT: cert, PARLEY_TLS_KEY: key };
}

async function postJson(path, body) {
  const answer = await ask(base, 'POST', path, { agent, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  assert.equal(answer.status, 201, `${path}: ${answer.status} ${answer.body}`);
  return answer.json;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-tls-'));
  const env = await selfSigned();
  cluster = await Cluster.start({ env });
  base = cluster.url();
  agent = new Agent({ ca: readFileSync(env.PARLEY_TLS_CERT), keepAlive: true });
  const [login, password] = [`ann_${randomUUID().slice(0, 8)}`, `correct horse ${randomUUID()}`];
  await postJson('/v1/accounts', { login, name: 'ann', password });
  token = (await postJson('/v1/sessions', { identifier: login, password, device: 'test' })).access;
});
after(async () => {
  agent?.destroy();
  await cluster?.destroy();
  rmSync(folder, { recursive: true, force: true });
});

// Stands still for a while at each of so many bytes, so that all buffers between the two ends fill up.
function halting(every, ms, between = () => {}) {
  let taken = 0;
  let next = every;
  return async (part) => {
    taken += part.length;
    if (taken < next) return;
    next += every;
    await between();
    await delay(ms);
  };
}

const readBack = (file, seed, options = {}) => compare(base, token, file, seed, { agent, ...options });

test('the run says where it serves', async () => {
  await until('it is ready', () => cluster.log.includes(`ready on ${base} `));
});

test('who does not speak TLS gets nothing', async () => {
  await assert.rejects(ask(base.replace('https:', 'http:'), 'GET', '/livez'));
  await assert.rejects(ask(base, 'GET', '/livez'), /self-signed|unable to verify/);
  assert.equal((await ask(base, 'GET', '/livez', { agent })).status, 200);
});

test('a file of a told and of an untold length comes back the same, whole and in part', async () => {
  for (const length of [size, undefined]) {
    const seed = randomUUID();
    const file = await put(base, token, 'whole', streamOf(seed, 0, size), { agent, length });
    assert.deepEqual([file.size, file.sha256], [size, sha256(contentOf(seed, 0, size))]);
    assert.equal(await readBack(file, seed), size);
    assert.equal(await readBack(file, seed, { first: 12345, count: 7 * MiB }), 7 * MiB);
  }
});

test('an upload in pieces by a slow client goes on where it stood', async () => {
  const [seed, cut, whole] = [randomUUID(), 777777, 2 * MiB + 1];
  const { headers } = await create(base, token, { length: whole, agent });
  const first = await patch(base, token, headers.location, 0, streamOf(seed, 0, cut, { rate: MiB, size: 5000 }), { agent, length: cut });
  assert.deepEqual([first.status, first.headers['upload-offset']], [204, String(cut)]);
  const last = await patch(base, token, headers.location, cut, streamOf(seed, cut, whole - cut, { rate: 2 * MiB, size: 50000 }), { agent, length: whole - cut });
  assert.deepEqual([last.status, last.headers['upload-offset']], [204, String(whole)]);
  const [file] = (await ask(base, 'GET', '/v1/drive/files', { token, agent })).json.items;
  assert.equal(await readBack(file, seed), whole);
});

test('a reader that halts gets every byte, and others do not wait for it', async () => {
  const seed = randomUUID();
  const file = await put(base, token, 'slow', streamOf(seed, 0, size), { agent, length: size });
  const begun = Date.now();
  let slowMs;
  const slow = readBack(file, seed, { take: halting(2 * MiB, 250) }).then((count) => {
    slowMs = Date.now() - begun;
    return count;
  });
  assert.equal(await readBack(file, seed), size);
  const quickMs = Date.now() - begun;
  assert.equal(await slow, size);
  assert.ok(quickMs < slowMs, `${quickMs} ms beside ${slowMs} ms`);
});

test('a download goes on when drive is killed while its reader stands still', async () => {
  const seed = randomUUID();
  const file = await put(base, token, 'kill', streamOf(seed, 0, size), { agent, length: size });
  let kills = 0;
  const kill = async () => {
    if (kills++ === 0) await cluster.kill('drive');
  };
  assert.equal(await readBack(file, seed, { take: halting(MiB, 100, kill) }), size);
  assert.ok(kills > 1);
});

test('a client that leaves in the middle of an answer leaves the gateway serving', async () => {
  const seed = randomUUID();
  const file = await put(base, token, 'left', streamOf(seed, 0, size), { agent, length: size });
  const left = new AbortController();
  await assert.rejects(ask(base, 'GET', contentPath(file), { token, agent, signal: left.signal, take: () => left.abort() }));
  assert.equal(await readBack(file, seed), size);
});
