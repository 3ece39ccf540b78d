// files_limits - quota, largest file, uploads at once, and the time after which an upload is forgotten.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, person } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { ask, contentOf, create, filesNamed, folderOf, head, offsetOf, patch, put, streamOf, usage } from './lib/files.mjs';

const MiB = 1024 * 1024;
const [uploadMax, quota, uploadsMax] = [2 * MiB, 5 * MiB, 4];
const ttlMs = 4000;
const goneMs = 30000;

let cluster;
let base;
before(async () => {
  const env = { PARLEY_UPLOAD_MAX: `${uploadMax}B`, PARLEY_QUOTA: `${quota}B`, PARLEY_UPLOADS_MAX: String(uploadsMax), PARLEY_UPLOAD_TTL: `${ttlMs / 1000}s`, PARLEY_SWEEP_INTERVAL: '1s', PARLEY_WALK_INTERVAL: '1s', PARLEY_WALK_AGE: '3s' };
  cluster = await Cluster.start({ env });
  base = cluster.url(0);
});
after(() => cluster?.destroy());

const nothingIsLeft = (who) => until('nothing is promised any more', async () => (await usage(base, who.access)).used === 0, goneMs, 200);

test('a file beyond the largest is refused: when its length is told, when it is told late, and when it is never told', async () => {
  const ann = await person(base, 'ann');
  assert.equal((await usage(base, ann.access)).upload_max, uploadMax);
  assert.equal((await create(base, ann.access, { name: 'x', length: uploadMax + 1 })).status, 413);
  assert.equal((await create(base, ann.access, { name: 'x', length: '9'.repeat(30) })).status, 400);
  const late = await create(base, ann.access, { name: 'late' });
  assert.equal(late.status, 201);
  assert.equal((await patch(base, ann.access, late.headers.location, 0, 'abc', { headers: { 'upload-length': String(uploadMax + 1) } })).status, 413);
  const body = streamOf('never', 0, uploadMax + MiB);
  const never = await ask(base, 'POST', '/v1/drive/uploads?name=never', { token: ann.access, body, headers: { 'content-type': 'application/octet-stream' } });
  assert.equal(never.status, 413);
  const told = await ask(base, 'POST', '/v1/drive/uploads?name=told', { token: ann.access, body: contentOf('told', 0, uploadMax + 1), headers: { 'content-type': 'application/octet-stream' } });
  assert.equal(told.status, 413);
  const exact = await put(base, ann.access, 'exact', contentOf('exact', 0, uploadMax));
  assert.equal(exact.size, uploadMax);
});

test('the quota counts files and what uploads under way have promised; what is deleted can be used again', async () => {
  const ann = await person(base, 'ann');
  const first = await put(base, ann.access, 'first', contentOf('first', 0, 2 * MiB));
  await put(base, ann.access, 'second', contentOf('second', 0, MiB));
  const third = await create(base, ann.access, { name: 'third', length: 2 * MiB });
  assert.equal(third.status, 201);
  assert.equal((await usage(base, ann.access)).used, quota);
  const refused = await create(base, ann.access, { name: 'fourth', length: 1 });
  assert.deepEqual([refused.status, refused.json?.code], [413, 'quota_exceeded']);
  assert.equal((await call(base, 'DELETE', `/v1/drive/files/${first.id}`, { token: ann.access })).status, 204);
  assert.equal((await create(base, ann.access, { name: 'fourth', length: 2 * MiB })).status, 201);
});

test('creates at once never promise more than the quota', async () => {
  const ann = await person(base, 'ann');
  const answers = await Promise.all(Array.from({ length: uploadsMax }, (_, i) => create(base, ann.access, { name: `at once ${i}`, length: 2 * MiB })));
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 201, 413, 413]);
  assert.equal((await usage(base, ann.access)).used, 4 * MiB);
});

test('an account has so many uploads under way and no more', async () => {
  const ann = await person(base, 'ann');
  for (let i = 0; i < uploadsMax; i++) assert.equal((await create(base, ann.access, { name: `u${i}`, length: 1 })).status, 201);
  const refused = await create(base, ann.access, { name: 'one more', length: 1 });
  assert.deepEqual([refused.status, refused.json?.code], [429, 'too_many']);
});

test('an upload that does not go on is forgotten, with its bytes and its promise; one that does is not', async () => {
  const ann = await person(base, 'ann');
  const [left, kept] = [await create(base, ann.access, { name: 'left', length: MiB }), await create(base, ann.access, { name: 'kept', length: 10 })];
  await patch(base, ann.access, left.headers.location, 0, contentOf('left', 0, 1000));
  for (let offset = 0; offset < 9; offset++) {
    assert.equal((await patch(base, ann.access, kept.headers.location, offset, 'x')).status, 204, `at ${offset}`);
    await until('a seventh of the life of an upload has passed', passed(ttlMs / 7), ttlMs);
  }
  await until('it is forgotten', async () => [404, 410].includes((await head(base, ann.access, left.headers.location)).status), goneMs, 100);
  assert.equal((await patch(base, ann.access, kept.headers.location, 9, 'x')).status, 204);
  assert.equal((await filesNamed(base, ann.access, 'kept')).length, 1);
  await until('the promise is too', async () => (await usage(base, ann.access)).used === 10, goneMs, 100);
  assert.equal(await offsetOf(base, ann.access, left.headers.location), undefined);
});

const passed = (ms) => {
  const end = Date.now() + ms;
  return () => Date.now() >= end;
};

test('of uploads that were given up, refused or forgotten nothing is left in the folder', async () => {
  const ann = await person(base, 'ann');
  await create(base, ann.access, { name: 'x', length: 10, headers: { 'content-type': 'application/offset+octet-stream' }, body: 'abc' });
  await nothingIsLeft(ann);
  await until('the folder of uploads is empty', () => folderOf(cluster).uploads.length === 0, goneMs, 200);
});
