// transfers - files going up and down while processes fail. Each worker is a careful application: it keeps the offset that was acknowledged, asks after
// a fault how far its upload is, and goes on there; what it reads is compared byte by byte. What must never be is written down as a sentence.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { person } from '../../e2e/lib/api.mjs';
import { until } from '../../e2e/lib/cluster.mjs';
import { allFiles, ask, compare, contentOf, create, digestOf, folderOf, patch, sha256, streamOf } from '../../e2e/lib/files.mjs';
import { pick } from './seeded.mjs';

const KiB = 1024;
const pauseMs = 100;
const stepMs = 15000;
const drainMs = 60000;
// How long an application waits for its file, and the folder may take to become clean.
const waits = { listedMs: 20000, cleanMs: 60000 };
const sizes = { least: 1, most: 6 * KiB * KiB };
const pieceMost = KiB * KiB;
// One in so many contents was there before, is given up in the middle, is deleted when it is whole.
const [sameOne, leftOne, deletedOne] = [6, 8, 4];
const kept = 24;
// Bytes a second of one worker: faults shall find it in the middle of something, and the machine has other work to do.
const workerRate = KiB * KiB;
const stepSize = 32 * KiB;
// A refusal that passes, or an answer that never came.
const passing = new Set([0, 408, 409, 423, 429, 502, 503, 504]);
const gone = (status) => status === 404 || status === 410;

// Lets a stream wait until its time has come.
function paced() {
  const begun = Date.now();
  let taken = 0;
  return (part) => {
    taken += part.length;
    return delay(Math.max(0, (taken / workerRate) * 1000 - (Date.now() - begun)));
  };
}

export class Transfers {
  static async start(cluster, { random, uploaders = 6, readers = 4, limits = {} }) {
    const self = new Transfers();
    Object.assign(self, { cluster, random, ...waits, ...limits, files: [], deleted: [], findings: [], counts: { uploads: 0, resumes: 0, reads: 0, bytes: 0, given_up: 0 }, refused: {}, latest: {}, number: 0 });
    self.people = await Promise.all(Array.from({ length: uploaders }, (_, i) => person(cluster.url(), `files${i}`)));
    self.workers = [...self.people.map((who, i) => self.#work(`uploader ${i}`, () => self.#upload(who))), ...Array.from({ length: readers }, (_, i) => self.#work(`reader ${i}`, () => self.#read()))];
    return self;
  }

  get #base() {
    return this.cluster.url(Math.floor(this.random() * this.cluster.gateways));
  }

  #complain(text) {
    this.findings.push(text);
  }

  // Goes on with work until the end; what is thrown is transient, anything worse was complained about.
  async #work(name, work) {
    while (!this.isEnding) {
      await work().then(
        (bytes) => (this.counts.bytes += bytes),
        (error) => {
          this.lastError = `${name}: ${error.message}`;
          return delay(pauseMs);
        },
      );
    }
  }

  // A step that ended well; `begun` is when it began.
  #step(begun, kind) {
    this.latest[kind] = Math.max(this.latest[kind] ?? 0, begun);
  }

  // Resolves when each of these was done and begun after this call: bytes were acknowledged, a file became whole, one was read.
  async flows(ms, kinds = ['acknowledged', 'whole', 'read']) {
    const since = Date.now();
    const missing = () => kinds.filter((kind) => !((this.latest[kind] ?? 0) > since));
    await until('files flow', () => missing().length === 0, ms).catch(() => {
      throw new Error(`timed out after ${ms} ms: files flow (none ${missing().join(', ')}; last: ${this.lastError})`);
    });
    return Date.now() - since;
  }

  // ---- uploading ----------------------------------------------------------------------------------------------------------

  #plan(who) {
    const { random } = this;
    const old = this.files.length > 0 && random() < 1 / sameOne ? pick(random, this.files) : null;
    const size = old?.size ?? (random() < 0.5 ? Math.floor(sizes.least * (sizes.most / sizes.least) ** random()) : Math.floor(sizes.most * random()) + 1);
    const name = `t${this.number++}`;
    return { who, name, seed: old?.seed ?? `${name}-${Math.floor(random() * 2 ** 32)}`, size, acked: 0, sent: 0, leaves: random() < 1 / leftOne };
  }

  async #upload(who) {
    const upload = this.#plan(who);
    upload.begun = Date.now();
    await this.#create(upload);
    while (upload.acked < upload.size) {
      if (upload.leaves && upload.acked > upload.size / 2) return this.#giveUp(upload);
      await this.#piece(upload);
    }
    await this.#whole(upload);
    return upload.size;
  }

  // Again and again under one key, until it is certain where the upload is.
  async #create(upload) {
    const key = randomUUID();
    for (;;) {
      const answer = await create(this.#base, upload.who.access, { name: upload.name, length: upload.size, headers: { 'idempotency-key': key } }).catch(() => ({ status: 0 }));
      if (answer.status === 201 || answer.status === 200) {
        upload.location = new URL(answer.headers.location, 'http://x').pathname;
        return;
      }
      if (!passing.has(answer.status)) this.#fail(`creating an upload was answered ${answer.status} ${answer.body}`);
      await delay(pauseMs);
    }
  }

  #fail(text) {
    this.#complain(text);
    throw new Error(text);
  }

  async #piece(upload) {
    const { who, location, seed, size, acked } = upload;
    const count = Math.min(size - acked, 1 + Math.floor(this.random() * pieceMost));
    const headers = this.random() < 0.3 ? { 'upload-checksum': digestOf('sha1', contentOf(seed, acked, count)) } : {};
    const body = streamOf(seed, acked, count, { rate: workerRate, size: stepSize });
    const begun = Date.now();
    upload.sent = Math.max(upload.sent, acked + count);
    const answer = await patch(this.#base, who.access, location, acked, body, { headers, length: count, signal: AbortSignal.timeout(stepMs) }).catch((error) => ({ status: 0, error }));
    if (answer.status === 204) {
      const offset = Number(answer.headers['upload-offset']);
      if (offset !== acked + count) this.#fail(`${location}: ${count} bytes at ${acked} were acknowledged as ${offset}`);
      upload.acked = offset;
      this.#step(begun, 'acknowledged');
      return;
    }
    this.refused[answer.status] = (this.refused[answer.status] ?? 0) + 1;
    if (answer.status === 460) this.#fail(`${location}: a right checksum was refused`);
    if (!passing.has(answer.status) && !gone(answer.status)) this.#fail(`${location}: a PATCH at ${acked} was answered ${answer.status} ${answer.body}`);
    this.lastError = `PATCH ${answer.status} ${answer.body ?? answer.error?.message}`;
    await this.#resume(upload);
  }

  // Asks how far the upload is: never behind what was acknowledged, never beyond what was sent.
  async #resume(upload) {
    const { who, location, acked, sent } = upload;
    for (;;) {
      await delay(pauseMs);
      const answer = await ask(this.#base, 'HEAD', location, { token: who.access, headers: { 'tus-resumable': '1.0.0' } }).catch(() => ({ status: 0 }));
      if (passing.has(answer.status)) continue;
      if (gone(answer.status)) {
        if (sent < upload.size) this.#fail(`${location}: ${acked} of ${upload.size} bytes were acknowledged, and the upload is gone`);
        upload.acked = upload.size;
        return;
      }
      if (answer.status !== 200 && answer.status !== 204) this.#fail(`${location}: HEAD was answered ${answer.status}`);
      const offset = Number(answer.headers['upload-offset']);
      if (!(offset >= acked && offset <= sent)) this.#fail(`${location}: ${acked} bytes were acknowledged and ${sent} sent, and it stands at ${offset}`);
      upload.acked = offset;
      this.counts.resumes++;
      return;
    }
  }

  async #giveUp(upload) {
    for (;;) {
      const answer = await ask(this.#base, 'DELETE', upload.location, { token: upload.who.access, headers: { 'tus-resumable': '1.0.0' } }).catch(() => ({ status: 0 }));
      if (answer.status === 204 || gone(answer.status)) break;
      if (!passing.has(answer.status)) this.#fail(`${upload.location}: DELETE was answered ${answer.status}`);
      await delay(pauseMs);
    }
    this.counts.given_up++;
    return upload.acked;
  }

  // All bytes are acknowledged: the file is there, once, and says what it is.
  async #whole(upload) {
    const { who, name, seed, size, begun } = upload;
    const found = await until(`${name} is listed`, () => this.#listed(who, name), this.listedMs, pauseMs).catch(() => null);
    if (!found) this.#fail(`${name} (${upload.location}): all ${size} bytes were acknowledged, and there is no file after ${this.listedMs} ms`);
    if (found.length > 1) this.#complain(`${name}: one upload became ${found.length} files`);
    const [file] = found;
    if (file.size !== size || file.sha256 !== sha256(contentOf(seed, 0, size))) this.#complain(`${name}: a file of ${file.size} bytes and another content than the ${size} bytes that were sent`);
    this.counts.uploads++;
    this.#step(begun, 'whole');
    this.files.push({ id: file.id, name, seed, size, who, sha256: file.sha256 });
    if (this.random() < 1 / deletedOne || this.files.length > kept) await this.#delete(this.files.splice(Math.floor(this.random() * this.files.length), 1)[0]);
  }

  async #listed(who, name) {
    const answer = await ask(this.#base, 'GET', `/v1/drive/files?q=${name}&limit=200`, { token: who.access }).catch(() => ({ status: 0 }));
    const found = answer.json?.items?.filter((file) => file.name === name) ?? [];
    return answer.status === 200 && found.length > 0 ? found : null;
  }

  async #delete(file) {
    this.deleted.push(file);
    for (;;) {
      const answer = await ask(this.#base, 'DELETE', `/v1/drive/files/${file.id}`, { token: file.who.access }).catch(() => ({ status: 0 }));
      if (answer.status === 204 || gone(answer.status)) break;
      if (!passing.has(answer.status)) this.#fail(`deleting ${file.name} was answered ${answer.status}`);
      await delay(pauseMs);
    }
  }

  // ---- reading --------------------------------------------------------------------------------------------------------------

  async #read() {
    const file = this.files.length > 0 && pick(this.random, this.files);
    if (!file) throw new Error('no file yet');
    const [begun, first] = [Date.now(), this.random() < 0.5 ? 0 : Math.floor(this.random() * file.size)];
    try {
      const count = await compare(this.#base, file.who.access, file, file.seed, { first, take: paced(), signal: AbortSignal.timeout(stepMs) });
      if (count !== file.size - first) this.#fail(`${file.name}: ${count} bytes of ${file.size - first} in an answer that ended well`);
      this.counts.reads++;
      this.#step(begun, 'read');
      return count;
    } catch (error) {
      if (/other bytes/.test(error.message)) this.#complain(`${file.name}: ${error.message}`);
      if (gone(error.status) && !this.deleted.includes(file)) this.#complain(`${file.name} was whole, and is not there any more`);
      throw error;
    }
  }

  // ---- the end --------------------------------------------------------------------------------------------------------------

  // Lets every worker end what it does; resolves when nothing is under way.
  async stop() {
    this.isEnding = true;
    const left = await Promise.race([Promise.all(this.workers).then(() => null), delay(drainMs, 'late', { ref: false })]);
    if (left) this.#complain(`transfers did not end within ${drainMs} ms after the faults: ${this.lastError}`);
  }

  // What is wrong at the end: every whole file is read again, nothing else is listed, and the folder holds what is listed alone.
  async finish() {
    await this.stop();
    if (this.counts.uploads === 0 || this.counts.reads === 0) this.#complain('no file went up, or none came down: nothing was shown');
    for (const file of this.files) {
      await compare(this.cluster.url(), file.who.access, file, file.seed).then(
        (count) => count === file.size || this.#complain(`${file.name}: ${count} bytes of ${file.size} at the end`),
        (error) => this.#complain(`${file.name} at the end: ${error.message}`),
      );
    }
    const listed = (await Promise.all(this.people.map((who) => allFiles(this.cluster.url(), who.access)))).flat();
    const wanted = this.files.map((file) => file.id).sort();
    const there = listed.map((file) => file.id).sort();
    if (wanted.join() !== there.join()) this.#complain(`${there.length} files are listed, ${wanted.length} are whole and not deleted: ${this.#difference(listed)}`);
    await this.#cleaned(new Set(listed.map((file) => file.sha256)));
    return this.findings;
  }

  #difference(listed) {
    const ours = new Set(this.files.map((file) => file.id));
    return listed.filter((file) => !ours.has(file.id)).map((file) => `${file.name} ${file.size}`).slice(0, 5).join(', ');
  }

  async #cleaned(hashes) {
    const extra = () => {
      const { uploads, blobs } = folderOf(this.cluster);
      return [...uploads, ...(blobs.length > hashes.size ? blobs : blobs.filter((name) => !hashes.has(name.slice(0, 64))))];
    };
    await until('nothing is left that is not listed', () => extra().length === 0, this.cleanMs, 500).catch(() => this.#complain(`left in the folder: ${extra().length} names nobody needs, such as ${extra().slice(0, 3).join(', ')}`));
    const { blobs } = folderOf(this.cluster);
    if (blobs.length !== hashes.size) this.#complain(`${blobs.length} blobs for ${hashes.size} contents`);
  }
}
