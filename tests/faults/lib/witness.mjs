// witness - third-party clients (npm's `ws`) in the rooms of the load, with logs of the same format: what the C client does wrong,
// or what it and the server get wrong alike, they would show.
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '../../e2e/lib/client.mjs';

// Codes of refusals for good, as the client itself treats them.
const refusals = new Set(['invalid', 'conflict', 'forbidden', 'not_member', 'not_found']);

// FNV-1a 64 of the bytes, as hex: on 16-bit limbs, which stay exact in doubles.
export function hashOf(text) {
  let [a, b, c, d] = [0xcbf2, 0x9ce4, 0x8422, 0x2325];
  for (const byte of Buffer.from(text)) {
    d ^= byte;
    // The prime is 2^40 + 0x1b3.
    const low = d * 0x1b3;
    const third = c * 0x1b3 + Math.floor(low / 65536);
    const second = b * 0x1b3 + d * 256 + Math.floor(third / 65536);
    const first = a * 0x1b3 + c * 256 + Math.floor(second / 65536);
    [a, b, c, d] = [first % 65536, second % 65536, third % 65536, low % 65536];
  }
  return [a, b, c, d].map((limb) => limb.toString(16).padStart(4, '0')).join('');
}

function crcOf(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (~crc >>> 0).toString(16).padStart(8, '0');
}

// A body as the C client writes and checks them (tests/faults/load/ld_body.h).
export function bodyOf(sender, number) {
  const text = `${sender} ${number} 0 a third party says "hello, wörld"`;
  return `${crcOf(Buffer.from(text))} ${text}`;
}

// Notes of the client and the lines they become.
const lines = {
  open: (note, urls) => ({ op: 'ok', kind: 'conn', gateway: String(urls.indexOf(note.url)) }),
  close: (note) => ({ op: 'ok', kind: 'close', err: String(note.code) }),
  subscribe: (note) => ({ op: 'invoke', kind: 'sub', room: note.room, seq: note.since }),
  subscribed: (note) => ({ op: 'ok', kind: 'sub', room: note.room, seq: note.recovered ? note.since : note.head, epoch: note.epoch, head: note.head, recovered: note.recovered }),
  subscribe_failed: (note) => ({ op: 'info', kind: 'sub', room: note.room, err: note.code }),
  invoke: (note) => ({ op: 'invoke', kind: 'send', room: note.room, cmid: note.send_id, bodyhash: hashOf(note.body) }),
  ok: (note) => ({ op: 'ok', kind: 'send', room: note.room, cmid: note.send_id, seq: note.seq, duplicate: note.duplicate }),
  info: (note, urls, tries) => ({ op: refusals.has(note.code) && tries === 0 ? 'fail' : 'info', kind: 'send', room: note.room, cmid: note.send_id, err: note.code }),
  recv: (note) =>
    note.ev === 'message'
      ? { op: 'ok', kind: 'recv', room: note.room, seq: note.seq, account: note.sender, cmid: note.send_id, bodyhash: hashOf(note.body) }
      : { op: 'ok', kind: 'recv', room: note.room, seq: note.seq, account: note.account, what: note.what },
};

export class Witness {
  // urls: of all gateways, by index; person: { id, access }; its log goes into `folder`.
  constructor({ name, urls, person, folder }) {
    Object.assign(this, { name, urls, person, number: 0, acked: 0, open: new Map() });
    this.file = openSync(join(folder, `${name}.jsonl`), 'w');
    this.#write({ op: 'ok', kind: 'client', account: person.id });
    const self = this;
    const log = { push: (note) => self.#take(note) };
    this.client = new Client({ urls, token: () => person.access, name, log });
  }

  #write(fields) {
    if (this.file === undefined) return;
    const now = { mono_ns: Number(process.hrtime.bigint()), wall_ns: Date.now() * 1e6 };
    writeSync(this.file, `${JSON.stringify({ ...now, client: this.name, ...fields })}\n`);
  }

  #take(note) {
    const unsure = this.open.get(note.send_id) ?? 0;
    if (note.op === 'info') this.open.set(note.send_id, unsure + 1);
    else if (note.op === 'ok') this.open.delete(note.send_id);
    const line = lines[note.op]?.(note, this.urls, unsure);
    if (line) this.#write(line);
  }

  async join(rooms) {
    this.rooms = rooms;
    this.client.connect();
    await Promise.all(rooms.map((room) => this.client.join(room)));
  }

  // Resolves when the message is acknowledged.
  async send(room) {
    const number = ++this.number;
    await this.client.send(room, bodyOf(this.name, number), `${this.name}-${number}`);
    this.acked++;
  }

  get idle() {
    return this.client.idle;
  }

  // Whether it has all of its rooms up to these seqs (a Map).
  has(heads) {
    return this.rooms.every((room) => this.client.rooms.get(room).live && this.client.rooms.get(room).last >= (heads.get(room) ?? 0));
  }

  // The last lines: it stayed to the end.
  end(heads) {
    for (const room of this.rooms) if (this.client.rooms.get(room).last >= (heads.get(room) ?? 0)) this.#write({ op: 'ok', kind: 'end', room, seq: this.client.rooms.get(room).last });
    this.close();
  }

  close() {
    if (this.file === undefined) return;
    closeSync(this.file);
    this.file = undefined;
    this.client.close();
  }
}
