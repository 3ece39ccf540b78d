// transfers.test - a server in memory that keeps its promises passes; each way to break one is told.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { seeded } from './seeded.mjs';
import { Transfers } from './transfers.mjs';

const flowsMs = 20000;
const kinds = 3;

// The least of the API that transfers need. `spoils` are functions that may change what is about to be done; `fails` says which requests break,
// `refuses` which reads are answered 503.
class Fake {
  static async start({ spoils = {}, fails = () => false, refuses = () => false } = {}) {
    const self = Object.assign(new Fake(), { spoils, fails, refuses, uploads: new Map(), files: new Map(), next: 1, gateways: 1, state: mkdtempSync(join(tmpdir(), 'parley-fake-')) });
    mkdirSync(join(self.state, 'files/blobs'), { recursive: true });
    self.server = createServer((request, answer) => self.#serve(request, answer).catch(() => answer.destroy()));
    self.server.listen(0, '127.0.0.1');
    await once(self.server, 'listening');
    return self;
  }

  url() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  end() {
    this.server.close();
    this.server.closeAllConnections();
    rmSync(this.state, { recursive: true });
  }

  async #serve(request, answer) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    const path = new URL(request.url, 'http://x');
    const [, , , kind, id, what] = path.pathname.split('/');
    if (this.fails(this.next++)) return answer.destroy();
    const reply = (status, headers = {}, content = '') => answer.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : content);
    const json = (status, value) => reply(status, { 'content-type': 'application/json' }, JSON.stringify(value));
    if (kind === undefined) return json(201, { id: String(this.next), access: String(this.next), expires_in: 300 });
    const who = request.headers.authorization;
    if (kind === 'uploads') return this.#upload(request, { who, id, body, reply });
    if (!id) return json(200, { items: [...this.files.values()].filter((file) => file.who === who && file.name.includes(path.searchParams.get('q') ?? '')).map(({ bytes, who: _, ...file }) => file) });
    const file = this.files.get(id);
    if (what && this.refuses()) return reply(503, {}, 'later');
    if (!file || (what && this.spoils.read?.(file) === null)) return reply(404);
    if (request.method === 'DELETE') return this.files.delete(id) && reply(204);
    const first = Number(/bytes=(\d+)/.exec(request.headers.range ?? '')?.[1] ?? 0);
    reply(request.headers.range ? 206 : 200, {}, (this.spoils.read?.(file) ?? file.bytes).subarray(first));
  }

  #upload(request, { who, id, body, reply }) {
    if (!id) {
      const key = request.headers['idempotency-key'];
      const name = Buffer.from(request.headers['upload-metadata'].split(' ')[1], 'base64').toString();
      const old = [...this.uploads.values()].find((upload) => upload.key === key);
      const upload = old ?? { id: String(this.next), who, key, name, length: Number(request.headers['upload-length']), bytes: Buffer.alloc(0) };
      this.uploads.set(upload.id, upload);
      return reply(201, { location: `/v1/drive/uploads/${upload.id}` });
    }
    const upload = this.uploads.get(id);
    if (!upload) return reply(404);
    if (request.method === 'DELETE') return this.uploads.delete(id) && reply(204);
    if (request.method === 'HEAD') {
      this.spoils.head?.(upload);
      return reply(200, { 'upload-offset': String(upload.bytes.length) });
    }
    if (Number(request.headers['upload-offset']) !== upload.bytes.length) return reply(409);
    upload.bytes = Buffer.concat([upload.bytes, this.spoils.patch?.(body) ?? body]);
    if (upload.bytes.length === upload.length && !this.spoils.finish?.(upload)) this.#finish(upload);
    reply(204, { 'upload-offset': String(upload.bytes.length) });
  }

  #finish({ id, who, name, bytes }) {
    const hash = createHash('sha256').update(bytes).digest('hex');
    this.files.set(id, { id, who, name, size: bytes.length, sha256: hash, bytes });
    writeFileSync(join(this.state, 'files/blobs', `${hash}-0`), '');
  }

  // What a real server clears up.
  clear() {
    const needed = new Set([...this.files.values()].map((file) => `${file.sha256}-0`));
    rmSync(join(this.state, 'files/blobs'), { recursive: true });
    mkdirSync(join(this.state, 'files/blobs'));
    for (const name of needed) writeFileSync(join(this.state, 'files/blobs', name), '');
  }
}

async function findingsOf(options, { leaves } = {}) {
  const fake = await Fake.start(options);
  try {
    const transfers = await Transfers.start(fake, { random: seeded(5), uploaders: 3, readers: 2, limits: { listedMs: 300, cleanMs: 300 } });
    for (let i = 0; i < kinds; i++) await transfers.flows(flowsMs).catch(() => {});
    await transfers.stop();
    fake.fails = fake.refuses = () => false;
    fake.clear();
    if (leaves) writeFileSync(join(fake.state, 'files/blobs', leaves), '');
    return await transfers.finish();
  } finally {
    fake.end();
  }
}

const every = (count, spoil) => {
  let n = 0;
  return (value) => (++n % count === 0 ? spoil(value) : undefined);
};

test('a server that keeps its promises passes, also when every seventh answer is lost', async () => {
  assert.deepEqual(await findingsOf({ fails: (n) => n > 20 && n % 7 === 0 }), []);
});


test('a refusal that passes is no content: what it says is not compared with the file', async () => {
  assert.deepEqual(await findingsOf({ refuses: every(3, () => true) }), []);
});

const broken = [
  ['acknowledged bytes that are gone', /bytes were acknowledged/, { fails: (n) => n > 20 && n % 5 === 0, spoils: { head: (upload) => (upload.bytes = upload.bytes.subarray(0, upload.bytes.length >> 1)) } }],
  ['an offset that is not what was sent', /were acknowledged as/, { spoils: { patch: every(9, (body) => body.subarray(1)) } }],
  ['a file of other bytes', /another content/, { spoils: { patch: every(9, (body) => Buffer.alloc(body.length)) } }],
  ['a file that never comes', /there is no file/, { spoils: { finish: every(3, () => true) } }],
  ['other bytes when it is read', /other bytes/, { spoils: { read: every(5, (file) => Buffer.alloc(file.bytes.length)) } }],
  ['an answer that is too short', /ended well|bytes of/, { spoils: { read: every(5, (file) => file.bytes.subarray(0, file.bytes.length - 1)) } }],
  ['a whole file that is gone', /not there any more/, { spoils: { read: every(5, () => null) } }],
  ['bytes that nobody needs', /left in the folder/, {}, { leaves: 'f00d-1' }],
];

for (const [what, sentence, options, more] of broken) {
  test(`${what}: told`, async () => {
    const findings = await findingsOf(options, more);
    assert.ok(findings.some((one) => sentence.test(one)), findings.join('\n'));
  });
}
