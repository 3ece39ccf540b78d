// files - uploading and downloading as browsers, curl and tus-js-client do it, and what the protocols say about odd requests.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import * as tus from 'tus-js-client';
import { call, person } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { Socket, shown } from './lib/credentials.mjs';
import { ask, compare, contentOf, contentPath, create, digestOf, filesNamed, head, keepAlive, offsetOf, patch, put, sha256, streamOf, terminate, usage } from './lib/files.mjs';

const MiB = 1024 * 1024;
const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

let cluster;
let base;
let ann;
let folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-files-'));
  cluster = await Cluster.start({ gateways: 2 });
  base = cluster.url(0);
  ann = await person(base, 'ann');
});
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await cluster?.destroy();
});

const endpoint = (gateway = 0) => `${cluster.url(gateway)}/v1/drive/uploads`;
const uniqueName = (text) => `${text}-${randomUUID().slice(0, 8)}.bin`;

// Uploads with tus-js-client; resolves with the Upload when it is whole.
function tusUpload(body, { name, ...options }) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(body, {
      endpoint: endpoint(),
      metadata: { filename: name },
      headers: { authorization: `Bearer ${ann.access}` },
      retryDelays: null,
      ...options,
      onSuccess: () => resolve(upload),
      onError: reject,
    });
    upload.start();
  });
}

async function curl(...args) {
  const { stdout } = await promisify(execFile)('curl', ['-sS', '-H', `Authorization: Bearer ${ann.access}`, ...args], { encoding: 'buffer', maxBuffer: 64 * MiB });
  return stdout;
}

const onlyFile = async (name) => {
  const files = await filesNamed(base, ann.access, name);
  assert.equal(files.length, 1, `files named ${name}: ${files.length}`);
  return files[0];
};

// ---- tus -------------------------------------------------------------------------------------------------------------------

test('tus-js-client uploads in one piece, in chunks and with its length told late, and the bytes come back the same', async () => {
  const ways = [{}, { chunkSize: MiB }, { chunkSize: MiB, uploadLengthDeferred: true }, { chunkSize: MiB, uploadDataDuringCreation: true }];
  for (const [i, way] of ways.entries()) {
    const [name, size] = [uniqueName(`tus-${i}`), 3 * MiB + 7 * i + 1];
    const bytes = contentOf(name, 0, size);
    await tusUpload(way.uploadLengthDeferred ? streamOf(name, 0, size) : bytes, { name, ...way });
    const file = await onlyFile(name);
    assert.deepEqual([file.size, file.sha256, file.owner, file.name], [size, sha256(bytes), ann.id, name]);
    assert.equal(await compare(cluster.url(1), ann.access, file, name), size);
  }
});

// Each head comes with a body that pours in behind it (gw_taken_test has what that does to the count of what was read).
test('many pieces over a few kept connections are all taken', async () => {
  const [connections, pieces, piece] = [6, 200, contentOf('piece', 0, 256 * 1024)];
  const write = async (i) => {
    const agent = keepAlive();
    const { headers } = await create(base, ann.access, { name: uniqueName(`kept-${i}`), length: (pieces + 1) * piece.length, agent });
    for (let n = 0; n < pieces; n++) {
      const answer = await patch(base, ann.access, headers.location, n * piece.length, piece, { agent });
      assert.equal(answer.status, 204, `piece ${n}: ${answer.body}`);
    }
    assert.equal((await terminate(base, ann.access, headers.location)).status, 204);
    agent.destroy();
  };
  await Promise.all(Array.from({ length: connections }, (_, i) => write(i)));
});

test('an empty file is a file', async () => {
  const name = uniqueName('empty');
  await tusUpload(Buffer.alloc(0), { name });
  const file = await onlyFile(name);
  assert.deepEqual([file.size, file.sha256], [0, sha256('')]);
  const answer = await ask(base, 'GET', contentPath(file), { token: ann.access });
  assert.deepEqual([answer.status, answer.headers['content-length']], [200, '0']);
});

test('an upload that was left in the middle goes on over another gateway where it stood', async () => {
  const [name, size] = [uniqueName('left'), 8 * MiB];
  const { headers } = await create(base, ann.access, { name, length: size });
  const body = streamOf(name, 0, size, { rate: 4 * MiB });
  const left = new AbortController();
  let sent = 0;
  body.on('data', (part) => {
    sent += part.length;
    if (sent > size / 2) left.abort();
  });
  await assert.rejects(patch(base, ann.access, headers.location, 0, body, { length: size, signal: left.signal }));
  const other = { name, endpoint: endpoint(1), uploadUrl: new URL(headers.location, cluster.url(1)).href, retryDelays: [50, 200, 500, 1000] };
  let first;
  await tusUpload(contentOf(name, 0, size), { ...other, onProgress: (done) => (first ??= done) });
  assert.ok(first > 0 && first < size, `it went on at ${first}`);
  assert.equal(await compare(base, ann.access, await onlyFile(name), name), size);
});

test('what can be asked is told: versions, extensions, the largest file', async () => {
  const answer = await ask(base, 'OPTIONS', '/v1/drive/uploads');
  assert.ok([200, 204].includes(answer.status), String(answer.status));
  assert.equal(answer.headers['tus-resumable'], '1.0.0');
  assert.match(answer.headers['tus-version'], /(^|,)1\.0\.0(,|$)/);
  for (const one of ['creation', 'creation-with-upload', 'creation-defer-length', 'expiration', 'checksum', 'termination']) assert.ok(answer.headers['tus-extension'].split(',').includes(one), one);
  for (const one of ['sha1', 'sha256', 'md5']) assert.ok(answer.headers['tus-checksum-algorithm'].split(',').includes(one), one);
  assert.equal(Number(answer.headers['tus-max-size']), (await usage(base, ann.access)).upload_max);
});

test('creating says where, and until when it waits; HEAD says how far it is and may not be cached', async () => {
  const answer = await create(base, ann.access, { name: 'x', length: 10 });
  assert.equal(answer.status, 201);
  assert.ok(Date.parse(answer.headers['upload-expires']) > Date.now());
  const state = await head(base, ann.access, answer.headers.location);
  assert.deepEqual([state.headers['upload-offset'], state.headers['upload-length'], state.headers['cache-control']], ['0', '10', 'no-store']);
  assert.equal((await terminate(base, ann.access, answer.headers.location)).status, 204);
});

test('a PATCH at another offset, of another type, without a version or beyond the length changes nothing', async () => {
  const { headers } = await create(base, ann.access, { name: 'x', length: 10 });
  const location = headers.location;
  assert.equal((await patch(base, ann.access, location, 0, 'hello')).headers['upload-offset'], '5');
  const odd = [
    [409, await patch(base, ann.access, location, 0, 'hello')],
    [409, await patch(base, ann.access, location, 6, 'hell')],
    [415, await patch(base, ann.access, location, 5, 'hello', { headers: { 'content-type': 'text/plain' } })],
    [412, await patch(base, ann.access, location, 5, 'hello', { headers: { 'tus-resumable': '0.2.1' } })],
    [413, await patch(base, ann.access, location, 5, 'hello!')],
    [400, await patch(base, ann.access, location, 5, 'hello', { headers: { 'upload-offset': '-5' } })],
    [400, await patch(base, ann.access, location, 5, 'hello', { headers: { 'upload-offset': '5x' } })],
  ];
  assert.deepEqual(odd.map(([, answer]) => answer.status), odd.map(([status]) => status));
  assert.equal(odd.find(([status]) => status === 412)[1].headers['tus-version'], '1.0.0');
  assert.equal(await offsetOf(base, ann.access, location), 5);
  assert.equal((await patch(base, ann.access, location, 5, 'world')).status, 204);
  await terminate(base, ann.access, location);
});

test('bytes that do not match their checksum are thrown away with 460, in each algorithm', async () => {
  for (const kind of ['sha1', 'sha256', 'md5']) {
    const [name, size] = [uniqueName(kind), 2 * MiB];
    const { headers } = await create(base, ann.access, { name, length: size });
    const [first, second] = [contentOf(name, 0, MiB), contentOf(name, MiB, MiB)];
    const told = (bytes) => ({ headers: { 'upload-checksum': digestOf(kind, bytes) } });
    assert.equal((await patch(base, ann.access, headers.location, 0, first, told(first))).status, 204);
    const refused = await patch(base, ann.access, headers.location, MiB, second, told(first));
    assert.equal(refused.status, 460);
    assert.equal(await offsetOf(base, ann.access, headers.location), MiB);
    assert.equal((await filesNamed(base, ann.access, name)).length, 0);
    assert.equal((await patch(base, ann.access, headers.location, MiB, second, told(second))).status, 204);
    assert.equal(await compare(base, ann.access, await onlyFile(name), name), size);
  }
  const { headers } = await create(base, ann.access, { name: 'x', length: 3 });
  for (const bad of ['crc32 AAAA', 'sha1', 'sha1 !!!', `sha256 ${Buffer.alloc(5).toString('base64')}`]) {
    assert.equal((await patch(base, ann.access, headers.location, 0, 'abc', { headers: { 'upload-checksum': bad } })).status, 400, bad);
  }
  await terminate(base, ann.access, headers.location);
});

test('one writes at a time: a second is told that it is locked', async () => {
  const [name, size] = [uniqueName('locked'), 4 * MiB];
  const { headers } = await create(base, ann.access, { name, length: size });
  const first = patch(base, ann.access, headers.location, 0, streamOf(name, 0, size, { rate: 2 * MiB }), { length: size });
  const statuses = new Set();
  await until('a second writer is refused', async () => {
    const second = await patch(cluster.url(1), ann.access, headers.location, (await offsetOf(cluster.url(1), ann.access, headers.location)) ?? 0, 'x');
    statuses.add(second.status);
    return second.status === 423;
  }).catch((error) => assert.fail(`${error.message}: ${[...statuses]}`));
  assert.equal((await first).status, 204);
  assert.equal(await compare(base, ann.access, await onlyFile(name), name), size);
});

test('an upload that is given up is gone, with what it had promised to take', async () => {
  const before = (await usage(base, ann.access)).used;
  const { headers } = await create(base, ann.access, { name: 'x', length: MiB });
  assert.equal((await usage(base, ann.access)).used, before + MiB);
  await patch(base, ann.access, headers.location, 0, contentOf('x', 0, 1000));
  assert.equal((await terminate(base, ann.access, headers.location)).status, 204);
  assert.equal((await usage(base, ann.access)).used, before);
  assert.match(String((await head(base, ann.access, headers.location)).status), /^(404|410)$/);
  assert.match(String((await patch(base, ann.access, headers.location, 1000, 'x')).status), /^(404|410)$/);
});

test("somebody else's upload is not there, and nobody's is not either", async () => {
  const eve = await person(base, 'eve');
  const { headers } = await create(base, ann.access, { name: 'x', length: 3 });
  for (const location of [headers.location, '/v1/drive/uploads/1', '/v1/drive/uploads/x', '/v1/drive/uploads/9223372036854775807']) {
    assert.equal((await head(base, eve.access, location)).status, 404, location);
    assert.equal((await patch(base, eve.access, location, 0, 'abc')).status, 404, location);
    assert.equal((await terminate(base, eve.access, location)).status, 404, location);
  }
  assert.equal((await create(base, undefined, { name: 'x', length: 3 })).status, 401);
  assert.equal((await patch(base, ann.access, headers.location, 0, 'abc')).status, 204);
});

// ---- in one request -----------------------------------------------------------------------------------------------------------

test('a file in one request: raw, named by the query or Content-Disposition, and of a length nobody told', async () => {
  const bytes = contentOf('one', 0, 2 * MiB + 3);
  const named = await put(base, ann.access, uniqueName('query'), bytes);
  assert.deepEqual([named.size, named.sha256], [bytes.length, sha256(bytes)]);
  const name = uniqueName('gr\u00fc\u00dfe');
  const disposition = `attachment; filename="x"; filename*=UTF-8''${encodeURIComponent(name)}`;
  const other = await ask(base, 'POST', '/v1/drive/uploads', { token: ann.access, body: bytes, headers: { 'content-type': 'application/octet-stream', 'content-disposition': disposition } });
  assert.deepEqual([other.status, other.json?.name], [201, name]);
  const path = join(folder, 'up');
  writeFileSync(path, bytes);
  const streamed = JSON.parse(await curl('-X', 'POST', '-H', 'Content-Type: application/octet-stream', '-H', 'Transfer-Encoding: chunked', '-T', path, `${endpoint()}?name=${uniqueName('chunked')}`));
  assert.deepEqual([streamed.size, streamed.sha256], [bytes.length, sha256(bytes)]);
  for (const file of [named, other.json, streamed]) assert.equal(await compare(base, ann.access, file, 'one'), bytes.length);
});

test('who waits for a word before the bytes gets it at once, and a refusal instead of it', async () => {
  const path = join(folder, 'expect');
  writeFileSync(path, contentOf('expect', 0, 3 * MiB));
  const patient = ['--expect100-timeout', '30', '-H', 'Expect: 100-continue', '-H', 'Content-Type: application/octet-stream', '-X', 'POST', '-o', join(folder, 'told'), '-w', '%{http_code} %{time_total} %{size_upload}', '-T', path];
  const [status, seconds] = String(await curl(...patient, `${endpoint()}?name=${uniqueName('expect')}`)).split(' ').map(Number);
  assert.equal(status, 201);
  assert.ok(seconds < 10, `${seconds} s`);
  const { stdout } = await promisify(execFile)('curl', ['-sS', ...patient, endpoint()]);
  const [refused, , sent] = stdout.split(' ').map(Number);
  assert.deepEqual([refused, sent], [401, 0]);
});

test("curl's forms: the first file part counts, whatever comes beside it", async () => {
  const bytes = contentOf('form', 0, MiB + 11);
  const path = join(folder, 'form');
  writeFileSync(path, bytes);
  const name = uniqueName('form');
  const file = JSON.parse(await curl('-F', 'comment=hello', '-F', `upload=@${path};filename=${name};type=image/png`, endpoint()));
  assert.deepEqual([file.name, file.size, file.sha256], [name, bytes.length, sha256(bytes)]);
  assert.notEqual(file.type, 'image/png');
  const none = await ask(base, 'POST', '/v1/drive/uploads', { token: ann.access, headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b--\r\n' });
  assert.ok([400, 422].includes(none.status), String(none.status));
  const cut = await ask(base, 'POST', '/v1/drive/uploads', { token: ann.access, headers: { 'content-type': 'multipart/form-data; boundary=b' }, body: `--b\r\nContent-Disposition: form-data; name="a"; filename="${uniqueName('cut')}"\r\n\r\nx` });
  assert.ok([400, 422].includes(cut.status), String(cut.status));
  assert.equal((await filesNamed(base, ann.access, 'cut')).length, 0);
});

// ---- reading ------------------------------------------------------------------------------------------------------------------

test('parts of a file, from either end, and none beyond it', async () => {
  const [seed, size] = ['ranges', 600000];
  const file = await put(base, ann.access, uniqueName(seed), contentOf(seed, 0, size));
  const get = (headers, method = 'GET') => ask(base, method, contentPath(file), { token: ann.access, headers });
  const whole = await get({});
  const { etag } = whole.headers;
  assert.deepEqual([whole.status, whole.headers['accept-ranges'], etag, whole.body.length], [200, 'bytes', `"${file.sha256}"`, size]);
  const parts = [
    ['bytes=0-0', 0, 0],
    ['bytes=1000-299999', 1000, 299999],
    ['bytes=599999-', 599999, 599999],
    ['bytes=-1000', 599000, 599999],
    ['bytes=-9999999', 0, 599999],
    ['bytes=500000-9999999', 500000, 599999],
  ];
  for (const [range, first, last] of parts) {
    const answer = await get({ range });
    assert.deepEqual([answer.status, answer.headers['content-range']], [206, `bytes ${first}-${last}/${size}`], range);
    assert.ok(answer.body.equals(contentOf(seed, first, last - first + 1)), range);
  }
  for (const range of ['bytes=600000-', 'bytes=-0', 'bytes=700000-800000']) {
    const answer = await get({ range });
    assert.deepEqual([answer.status, answer.headers['content-range']], [416, `bytes */${size}`], range);
  }
  for (const range of ['bytes=5-4', 'lines=1-2', 'bytes=a-b', 'bytes=', 'bytes=0-1,5-6']) assert.equal((await get({ range })).status, 200, range);
  assert.equal((await get({ range: 'bytes=0-9', 'if-range': etag })).status, 206);
  assert.equal((await get({ range: 'bytes=0-9', 'if-range': '"other"' })).status, 200);
  assert.equal((await get({ range: 'bytes=0-9', 'if-range': `W/${etag}` })).status, 200);
  assert.equal((await get({ range: 'bytes=0-9', 'if-range': whole.headers['last-modified'] })).status, 206);
});

test('who has a file already is told so; HEAD has the headers alone', async () => {
  const file = await put(base, ann.access, uniqueName('conditions'), 'content');
  const get = (headers, method = 'GET') => ask(base, method, contentPath(file), { token: ann.access, headers });
  const whole = await get({});
  const { etag, 'last-modified': modified } = whole.headers;
  const cases = [
    [304, { 'if-none-match': etag }],
    [304, { 'if-none-match': `"x", W/${etag}` }],
    [304, { 'if-none-match': '*' }],
    [200, { 'if-none-match': '"x"' }],
    [200, { 'if-none-match': '"x"', 'if-modified-since': modified }],
    [304, { 'if-modified-since': modified }],
    [200, { 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT' }],
    [200, { 'if-modified-since': 'yesterday' }],
    [200, { 'if-match': etag }],
    [200, { 'if-match': '*' }],
    [412, { 'if-match': '"x"' }],
    [412, { 'if-match': `W/${etag}` }],
  ];
  for (const [status, headers] of cases) assert.equal((await get(headers)).status, status, JSON.stringify(headers));
  const unchanged = await get({ 'if-none-match': etag });
  assert.deepEqual([unchanged.headers.etag, unchanged.body.length], [etag, 0]);
  const only = await get({}, 'HEAD');
  assert.deepEqual([only.status, only.headers['content-length'], only.headers.etag, only.body.length], [200, '7', etag, 0]);
  assert.equal((await get({ 'if-none-match': etag }, 'HEAD')).status, 304);
});

test('curl takes up a download where it was cut', async () => {
  const [seed, size] = ['curl', 5 * MiB];
  const file = await put(base, ann.access, uniqueName(seed), contentOf(seed, 0, size));
  const path = join(folder, 'down');
  writeFileSync(path, contentOf(seed, 0, 2 * MiB + 5));
  await curl('-C', '-', '-o', path, `${base}${contentPath(file)}`);
  assert.equal(sha256(readFileSync(path)), file.sha256);
});

test('a type is what the bytes say; what a browser would run is an attachment in a sandbox', async () => {
  const html = '<!DOCTYPE html><html><head><script>alert(1)</script></head></html>';
  const cases = [
    ['picture.html', png, 'image/png', 'inline'],
    ['page.png', html, 'text/html', 'attachment'],
    ['drawing.svg', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 'image/svg+xml', 'attachment'],
    ['words.exe', 'just some words\n', 'text/plain', 'inline'],
    ['paper.txt', '%PDF-1.4\n%\u00e2\u00e3\n1 0 obj\n<<>>\nendobj\n', 'application/pdf', 'attachment'],
    ['noise', contentOf('noise', 0, 4096), 'application/octet-stream', 'attachment'],
  ];
  for (const [name, bytes, type, how] of cases) {
    const file = await put(base, ann.access, name, bytes, { type: 'image/jpeg' });
    const { headers } = await ask(base, 'HEAD', contentPath(file), { token: ann.access });
    assert.equal(file.type.split(';')[0], type, name);
    assert.equal(headers['content-type'].split(';')[0], type, name);
    assert.ok(headers['content-disposition'].startsWith(how), `${name}: ${headers['content-disposition']}`);
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.match(headers['content-security-policy'], /sandbox/);
  }
});

test('names come back as they were given, or are refused, and never break a header or a path', async () => {
  const names = ['plain.txt', 'with "quotes".txt', 'gr\u00fc\u00dfe \u{1F44B}.txt', "it's 100%; a=b.txt", 'back\\slash.txt', '\u202etxt.exe', 'a'.repeat(255)];
  for (const name of names) {
    const answer = await create(base, ann.access, { name, length: 1 });
    if (answer.status !== 201) {
      assert.ok([400, 422].includes(answer.status), `${JSON.stringify(name)}: ${answer.status}`);
      continue;
    }
    await patch(base, ann.access, answer.headers.location, 0, 'x');
    const file = (await filesNamed(base, ann.access, name.slice(0, 100)))[0];
    assert.ok(file, JSON.stringify(name));
    const { headers } = await ask(base, 'HEAD', contentPath(file), { token: ann.access });
    const disposition = headers['content-disposition'];
    assert.match(disposition, /^[\x20-\x7e]+$/);
    const wide = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
    const quoted = /filename="((?:[^"\\]|\\.)*)"/.exec(disposition)?.[1].replace(/\\(.)/g, '$1');
    assert.equal(wide ? decodeURIComponent(wide) : quoted, file.name, disposition);
  }
  for (const name of ['', 'a\r\nSet-Cookie: x=1', '\0', 'a'.repeat(256)]) {
    const answer = await create(base, ann.access, { name, length: 1 });
    if (name === '' && answer.status === 201) continue;
    assert.ok([400, 422].includes(answer.status), `${JSON.stringify(name)}: ${answer.status}`);
  }
  for (const name of ['../../../etc/passwd', '/etc/passwd', '..', '.', 'a/b']) {
    const answer = await create(base, ann.access, { name, length: 1 });
    if (answer.status !== 201) {
      assert.ok([400, 422].includes(answer.status), `${JSON.stringify(name)}: ${answer.status}`);
      continue;
    }
    assert.equal((await patch(base, ann.access, answer.headers.location, 0, 'x')).status, 204);
  }
});

test('files are listed latest first, found by part of their names, renamed and deleted', async () => {
  const bob = await person(base, 'bob');
  for (const name of ['one.txt', 'two.txt', 'Three.TXT', '100%.md']) await put(base, bob.access, name, name);
  const names = async (query) => (await ask(base, 'GET', `/v1/drive/files?${query}`, { token: bob.access })).json.items.map((file) => file.name);
  assert.deepEqual(await names(''), ['100%.md', 'Three.TXT', 'two.txt', 'one.txt']);
  assert.deepEqual(await names('q=.txt'), ['Three.TXT', 'two.txt', 'one.txt']);
  assert.deepEqual(await names('q=%25'), ['100%.md']);
  const page = (await ask(base, 'GET', '/v1/drive/files?limit=3', { token: bob.access })).json;
  assert.deepEqual(await names(`limit=3&cursor=${encodeURIComponent(page.next)}`), ['one.txt']);
  const [file] = page.items;
  const renamed = await call(base, 'PATCH', `/v1/drive/files/${file.id}`, { token: bob.access, body: { name: 'other.md' } });
  assert.deepEqual([renamed.status, renamed.json?.name], [200, 'other.md']);
  assert.equal((await call(base, 'PATCH', `/v1/drive/files/${file.id}`, { token: ann.access, body: { name: 'mine' } })).status, 404);
  assert.equal((await call(base, 'DELETE', `/v1/drive/files/${file.id}`, { token: ann.access })).status, 404);
  assert.equal((await call(base, 'DELETE', `/v1/drive/files/${file.id}`, { token: bob.access })).status, 204);
  assert.equal((await call(base, 'GET', `/v1/drive/files/${file.id}`, { token: bob.access })).status, 404);
  assert.equal((await usage(base, bob.access)).files, 3);
});

test('sockets of the account hear how far an upload is, last that it is done', async () => {
  const [name, size] = [uniqueName('progress'), 4 * MiB];
  const socket = new Socket(cluster.ws(1), { headers: shown({ kind: 'session', secret: ann.access }) });
  assert.equal(await socket.opened, 101);
  const { headers } = await create(base, ann.access, { name, length: size });
  const transfer = headers.location.split('/').at(-1);
  await patch(base, ann.access, headers.location, 0, streamOf(name, 0, size, { rate: 2 * MiB }), { length: size });
  const heard = () => socket.heard.filter((frame) => frame.ev === 'drive.progress');
  const told = () => heard().filter((frame) => frame.transfer === transfer);
  await until('the last word is heard', () => told().at(-1)?.state === 'done');
  // Each event comes through both brokers: behind another one a repeat would have been heard.
  await put(base, ann.access, `${name}-next`, 'next');
  await until('the next one is heard', () => heard().at(-1)?.transfer !== transfer && heard().at(-1)?.state === 'done');
  assert.deepEqual(told().filter(({ state }) => state !== 'running').map(({ state }) => state), ['checking', 'done']);
  assert.ok(told().every((frame, i) => i === 0 || frame.acked >= told()[i - 1].acked));
  assert.equal(told().at(-1).acked, size);
  assert.ok(told().length <= 10, `${told().length} events in 2 s`);
  socket.close();
});
