// files - files of the tests: content that can be computed at any place of it, uploads by tus step by step, downloads compared byte by byte.
import { createCipheriv, createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { Agent, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

const block = 16;
const piece = 256 * 1024;
const answerMs = 60000;
const tus = { 'tus-resumable': '1.0.0' };

// The bytes [first, first + count) of the content that a seed stands for: a key stream, which can be entered anywhere.
export function contentOf(seed, first, count) {
  const start = Buffer.alloc(block);
  start.writeBigUInt64BE(BigInt(Math.floor(first / block)), block - 8);
  const skipped = first % block;
  const cipher = createCipheriv('aes-128-ctr', createHash('sha256').update(String(seed)).digest().subarray(0, block), start);
  return cipher.update(Buffer.alloc(skipped + count)).subarray(skipped);
}

// The same as a stream; with `rate` no more than so many bytes a second.
export function streamOf(seed, first, count, { rate = Infinity, size = piece } = {}) {
  async function* pieces() {
    const begun = Date.now();
    for (let done = 0; done < count; done += size) {
      const ahead = (done / rate) * 1000 - (Date.now() - begun);
      if (ahead > 0) await delay(ahead);
      yield contentOf(seed, first + done, Math.min(size, count - done));
    }
  }
  return Readable.from(pieces(), { objectMode: false, highWaterMark: size });
}

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
export const digestOf = (kind, bytes) => `${kind} ${createHash(kind).update(bytes).digest('base64')}`;

// One request: { status, headers, body, json }. `body` is bytes, text or a stream; without `length` a stream goes in chunks. With
// `take` the bytes of an answer that is a success go there, which may return a promise to have the rest wait, and `body` stays
// empty. Who asks under TLS brings an agent that trusts the certificate. Should `signal` be aborted, or the connection break, it throws.
export function ask(base, method, path, { token, headers = {}, body, length, take, signal, agent = false } = {}) {
  const size = body instanceof Readable ? length : body === undefined ? undefined : Buffer.byteLength(body);
  const all = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(size === undefined ? {} : { 'content-length': size }), ...headers };
  const request = base.startsWith('https:') ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const call = request(new URL(path, base), { method, headers: all, agent, signal, timeout: answerMs }, async (answer) => {
      const parts = [];
      const isTaken = take && answer.statusCode >= 200 && answer.statusCode < 300;
      try {
        for await (const part of answer) isTaken ? await take(part) : parts.push(part);
        if (!answer.complete) throw new Error('the answer was cut short');
      } catch (error) {
        return reject(error);
      }
      const whole = Buffer.concat(parts);
      const json = /json/.test(answer.headers['content-type'] ?? '') && whole.length > 0 ? JSON.parse(whole) : null;
      resolve({ status: answer.statusCode, headers: answer.headers, body: whole, json });
    });
    call.on('timeout', () => call.destroy(new Error(`no answer for ${answerMs} ms: ${method} ${path}`)));
    call.on('error', reject);
    if (body instanceof Readable) {
      body.on('error', reject);
      call.on('close', () => body.destroy());
      body.pipe(call);
    } else call.end(body);
  });
}

export const keepAlive = () => new Agent({ keepAlive: true });

// ---- uploads --------------------------------------------------------------------------------------------------------------

const encoded = (text) => Buffer.from(text).toString('base64');

export function create(base, token, { name = 'file.bin', length, headers = {}, ...rest }) {
  const told = length === undefined ? { 'upload-defer-length': '1' } : { 'upload-length': String(length) };
  return ask(base, 'POST', '/v1/drive/uploads', { token, headers: { ...tus, ...told, 'upload-metadata': `filename ${encoded(name)}`, ...headers }, ...rest });
}

export function patch(base, token, location, offset, body, { headers = {}, ...rest } = {}) {
  const told = { ...tus, 'content-type': 'application/offset+octet-stream', 'upload-offset': String(offset) };
  return ask(base, 'PATCH', location, { token, body, headers: { ...told, ...headers }, ...rest });
}

export const head = (base, token, location, rest = {}) => ask(base, 'HEAD', location, { token, headers: tus, ...rest });
export const terminate = (base, token, location) => ask(base, 'DELETE', location, { token, headers: tus });

// Where an upload stands; undefined when it is not there (any more).
export async function offsetOf(base, token, location) {
  const answer = await head(base, token, location);
  return answer.status === 200 || answer.status === 204 ? Number(answer.headers['upload-offset']) : undefined;
}

// A whole file in one request: its description.
export async function put(base, token, name, body, { type = 'application/octet-stream', ...rest } = {}) {
  const answer = await ask(base, 'POST', `/v1/drive/uploads?name=${encodeURIComponent(name)}`, { token, body, headers: { 'content-type': type }, ...rest });
  if (answer.status !== 201) throw new Error(`uploading ${name}: ${answer.status} ${answer.body}`);
  return answer.json;
}

// ---- what is there -------------------------------------------------------------------------------------------------------

// One's own files with this in their names.
export async function filesNamed(base, token, name) {
  const answer = await ask(base, 'GET', `/v1/drive/files?q=${encodeURIComponent(name)}&limit=200`, { token });
  if (answer.status !== 200) throw new Error(`listing files: ${answer.status} ${answer.body}`);
  return answer.json.items;
}

// All of one's own files.
export async function allFiles(base, token) {
  const items = [];
  for (let cursor = ''; ; ) {
    const answer = await ask(base, 'GET', `/v1/drive/files?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { token });
    if (answer.status !== 200) throw new Error(`listing files: ${answer.status} ${answer.body}`);
    items.push(...answer.json.items);
    if (!answer.json.next) return items;
    cursor = answer.json.next;
  }
}

export async function usage(base, token) {
  const answer = await ask(base, 'GET', '/v1/drive', { token });
  if (answer.status !== 200) throw new Error(`usage: ${answer.status} ${answer.body}`);
  return answer.json;
}

export const contentPath = (file) => `/v1/drive/files/${file.id ?? file}/content`;

// Takes bytes of an answer and compares them with the content of `seed` from `first` on; `count` says how many came.
export class Comparison {
  constructor(seed, first = 0) {
    Object.assign(this, { seed, first, count: 0 });
  }

  take(part) {
    const at = this.first + this.count;
    if (!part.equals(contentOf(this.seed, at, part.length))) throw new Error(`other bytes than were uploaded, somewhere in ${at}-${at + part.length - 1}`);
    this.count += part.length;
  }
}

// Reads a file to its end, or `count` bytes of it from `first` on, and compares every byte; resolves to how many came.
export async function compare(base, token, file, seed, { first = 0, count, take = () => {}, ...rest } = {}) {
  const seen = new Comparison(seed, first);
  const isPart = first > 0 || count !== undefined;
  const headers = isPart ? { range: `bytes=${first}-${count === undefined ? '' : first + count - 1}` } : {};
  const both = (part) => {
    seen.take(part);
    return take(part);
  };
  const answer = await ask(base, 'GET', contentPath(file), { token, headers, take: both, ...rest });
  if (answer.status !== (isPart ? 206 : 200)) throw Object.assign(new Error(`reading a file: ${answer.status}`), { status: answer.status });
  return seen.count;
}

// ---- the folder of a cluster ------------------------------------------------------------------------------------------------

function namesIn(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => entry.name);
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

// Names of what lies in the folder of the files: { uploads, blobs }, sorted.
export function folderOf(cluster) {
  const folder = join(cluster.state, 'files');
  return { uploads: namesIn(join(folder, 'uploads')).sort(), blobs: namesIn(join(folder, 'blobs')).sort() };
}
