// files_kill - transfers whose processes are killed with -9 in the middle go on where they were, with nothing lost and nothing doubled.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as tus from 'tus-js-client';
import { person } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { Comparison, ask, compare, contentOf, contentPath, create, filesNamed, folderOf, offsetOf, patch, put, streamOf } from './lib/files.mjs';

const MiB = 1024 * 1024;
const backMs = 30000;
const cleanMs = 60000;
const retryDelays = Array(40).fill(250);

let cluster;
let ann;
before(async () => {
  cluster = await Cluster.start({ gateways: 1, env: { PARLEY_UPLOAD_TTL: '15s', PARLEY_SWEEP_INTERVAL: '1s', PARLEY_WALK_INTERVAL: '1s', PARLEY_WALK_AGE: '3s' } });
  ann = await person(cluster.url(), 'ann');
});
after(() => cluster?.destroy());

async function onlyFile(name) {
  const files = await until(`${name} is listed`, async () => {
    const found = await filesNamed(cluster.url(), ann.access, name).catch(() => []);
    return found.length > 0 && found;
  });
  assert.equal(files.length, 1);
  return files[0];
}

// Uploads with tus-js-client in chunks, and kills a process each time it has gone on by another quarter.
function uploadUnderKills(name, size, victim) {
  let [kills, killing] = [0, Promise.resolve()];
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(contentOf(name, 0, size), {
      endpoint: `${cluster.url()}/v1/drive/uploads`,
      metadata: { filename: name },
      headers: { authorization: `Bearer ${ann.access}` },
      chunkSize: 2 * MiB,
      retryDelays,
      onShouldRetry: (error) => ![401, 403, 404, 410, 413].includes(error.originalResponse?.getStatus() ?? 0),
      onProgress(done) {
        if (done < ((kills + 1) * size) / 4 || kills === 3) return;
        kills++;
        killing = killing.then(() => cluster.kill(victim));
      },
      onSuccess: () => killing.then(() => resolve(kills)),
      onError: reject,
    });
    upload.start();
  });
}

for (const victim of ['drive', 'gateway0', 'store', 'broker0']) {
  test(`tus-js-client gets a file through while ${victim} is killed three times`, async () => {
    const [name, size] = [`kill-${victim}`, 24 * MiB];
    assert.equal(await uploadUnderKills(name, size, victim), 3);
    await cluster.ready();
    const file = await onlyFile(name);
    assert.equal(file.size, size);
    await until('drive answers', () => offsetOf(cluster.url(), ann.access, '/v1/drive/uploads/1').then(() => true, () => false), backMs);
    assert.equal(await compare(cluster.url(), ann.access, file, name), size);
  });
}

test('what was acknowledged is there after drive is killed, and not a byte more is claimed than came', async () => {
  const [name, size] = ['acked', 16 * MiB];
  const { headers } = await create(cluster.url(), ann.access, { name, length: size });
  let acked = 0;
  for (let round = 0; round < 4; round++) {
    const answer = await patch(cluster.url(), ann.access, headers.location, acked, contentOf(name, acked, 2 * MiB));
    assert.equal(answer.status, 204);
    acked = Number(answer.headers['upload-offset']);
    const body = streamOf(name, acked, 2 * MiB, { rate: 4 * MiB });
    let [pieces, kill] = [0, null];
    const cut = patch(cluster.url(), ann.access, headers.location, acked, body, { length: 2 * MiB }).catch(() => ({}));
    body.on('data', () => ++pieces === 3 && (kill = cluster.kill('drive')));
    assert.notEqual((await cut).status, 204);
    await kill;
    const offset = await until('the upload can be asked for', () => offsetOf(cluster.url(), ann.access, headers.location).catch(() => undefined), backMs, 100);
    assert.ok(offset >= acked && offset <= acked + 2 * MiB, `${offset} after ${acked} was acknowledged`);
    acked = offset;
  }
  await until('the rest is taken', async () => (await patch(cluster.url(), ann.access, headers.location, acked, contentOf(name, acked, size - acked)).catch(() => ({}))).status === 204, backMs, 100);
  assert.equal(await compare(cluster.url(), ann.access, await onlyFile(name), name), size);
});

// Reads a file, and kills a process when the first bytes have come: { seen, whole }, `whole` when the answer ended well.
async function readUnderKill(file, victim) {
  const seen = new Comparison(file.name);
  let kill;
  const take = (part) => {
    seen.take(part);
    if (seen.count > MiB) kill ??= cluster.kill(victim);
    return delay(1);
  };
  const isWhole = await ask(cluster.url(), 'GET', contentPath(file), { token: ann.access, take }).then(
    () => true,
    () => false,
  );
  await kill;
  return { count: seen.count, isWhole };
}

test('a download goes on when drive is killed; one whose gateway is killed is never taken for a whole one, and goes on by Range', async () => {
  const size = 48 * MiB;
  await until('drive serves', () => put(cluster.url(), ann.access, 'probe', 'x').then(() => true, () => false), backMs, 100);
  const file = await put(cluster.url(), ann.access, 'down', contentOf('down', 0, size));
  assert.deepEqual(await readUnderKill(file, 'drive'), { count: size, isWhole: true });
  const { count, isWhole } = await readUnderKill(file, 'gateway0');
  assert.equal(isWhole, false);
  assert.ok(count < size);
  await cluster.ready();
  const rest = await until('the rest is read', () => compare(cluster.url(), ann.access, file, 'down', { first: count }).catch(() => 0), backMs, 100);
  assert.equal(count + rest, size);
});

test('after all this the folder holds what is listed and nothing else', async () => {
  // What a request began that was cut, and nobody goes on with, is forgotten in time.
  await until('no upload is left', () => folderOf(cluster).uploads.length === 0, cleanMs, 200);
  const listed = (await filesNamed(cluster.url(), ann.access, 'kill-')).concat(await filesNamed(cluster.url(), ann.access, 'acked'), await filesNamed(cluster.url(), ann.access, 'down'), await filesNamed(cluster.url(), ann.access, 'probe'));
  const hashes = [...new Set(listed.map((file) => file.sha256))].sort();
  await until('as many blobs as contents', () => folderOf(cluster).blobs.length === hashes.length, backMs, 200);
  assert.deepEqual(folderOf(cluster).blobs.map((blob) => blob.slice(0, 64)), hashes);
});
