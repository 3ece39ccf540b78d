// client - a chat client as a careful application would write it, on npm's `ws`: it keeps the last seq of each room, an
// outbox with send_ids, reconnects to the next gateway with `since`, and sends again what has no answer. Everything it does and
// sees goes to its log, from which lib/judge.mjs decides.
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import WebSocket from 'ws';

// A gateway answers everything within 5 s, if with an error: a socket that owes an answer for longer hangs, and another is tried.
const ANSWER_MS = 6000;

export class Client extends EventEmitter {
  // urls: WebSocket addresses, tried in turn; token: string or async () => string.
  constructor({ urls, token, name, log = [] }) {
    super();
    Object.assign(this, { urls, token, name, log });
    this.rooms = new Map(); // id -> { last, outbox: [], sending }
    this.calls = new Map(); // id -> { resolve, reject }
    this.nextCall = 1;
    this.attempt = 0;
    this.closed = false;
  }

  note(op, fields) {
    this.log.push({ at: Number(process.hrtime.bigint() / 1000n), client: this.name, op, ...fields });
  }

  async connect() {
    if (this.closed) return;
    const url = this.urls[this.attempt++ % this.urls.length];
    const token = typeof this.token === 'function' ? await this.token() : this.token;
    const socket = new WebSocket(url, ['parley.v1.json', 'bearer', token].slice(0, 1), {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: 3000,
    });
    this.socket = socket;
    this.url = url;
    socket.on('message', (data) => this.#frame(socket, JSON.parse(data.toString())));
    socket.on('error', () => {});
    socket.on('close', (code) => this.#lost(socket, code));
    socket.on('open', () => {
      this.note('open', { url });
      for (const id of this.rooms.keys()) this.#subscribe(id);
    });
  }

  request(op, fields = {}) {
    return new Promise((resolve, reject) => {
      if (this.socket?.readyState !== WebSocket.OPEN) return reject(Object.assign(new Error('not connected'), { code: 'closed' }));
      const id = this.nextCall++;
      const socket = this.socket;
      this.calls.set(id, { resolve, reject, timer: setTimeout(() => socket.terminate(), ANSWER_MS) });
      this.socket.send(JSON.stringify({ op, id, ...fields }));
    });
  }

  // Follows a room from `since` on; resolves when it is subscribed for the first time.
  join(room, since = 0) {
    this.rooms.set(room, { last: since, outbox: [], sending: false, live: false });
    if (this.socket?.readyState === WebSocket.OPEN) this.#subscribe(room);
    return new Promise((resolve) => this.once(`live:${room}`, resolve));
  }

  async #subscribe(id) {
    const room = this.rooms.get(id);
    const socket = this.socket;
    try {
      const ok = await this.request('subscribe', { room: id, since: room.last });
      if (!ok.recovered) this.note('unrecovered', { room: id, ok });
      room.live = true;
      this.emit(`live:${id}`, ok);
      this.#pump(id);
    } catch (error) {
      this.note('subscribe_failed', { room: id, code: error.code });
      // A refusal that may pass: a new connection is the simplest honest retry.
      if (socket === this.socket) setTimeout(() => socket.terminate(), 100);
    }
  }

  // Queues one message; resolves with the answer once it is acknowledged, however long that takes.
  send(room, body, sendId = randomUUID()) {
    return new Promise((resolve, reject) => {
      this.note('invoke', { room, send_id: sendId, body });
      this.rooms.get(room).outbox.push({ sendId, body, resolve, reject });
      this.#pump(room);
    });
  }

  // One send in flight a room, so that what is acknowledged stays in order whatever fails.
  async #pump(id) {
    const room = this.rooms.get(id);
    if (room.sending || !room.live || room.outbox.length === 0) return;
    room.sending = true;
    const entry = room.outbox[0];
    try {
      const ok = await this.request('send', { room: id, send_id: entry.sendId, body: entry.body });
      this.note('ok', { room: id, send_id: entry.sendId, seq: ok.seq, duplicate: ok.duplicate });
      room.outbox.shift();
      entry.resolve(ok);
    } catch (error) {
      this.note('info', { room: id, send_id: entry.sendId, code: error.code });
      if (['invalid', 'conflict', 'forbidden', 'not_member', 'not_found'].includes(error.code)) {
        room.outbox.shift();
        entry.reject(error);
      } else if (error.code !== 'closed') {
        await new Promise((done) => setTimeout(done, 50));
      }
    }
    room.sending = false;
    if (this.socket?.readyState === WebSocket.OPEN) this.#pump(id);
  }

  #frame(socket, frame) {
    if (socket !== this.socket) return;
    if (frame.re !== undefined) {
      const call = this.calls.get(frame.re);
      this.calls.delete(frame.re);
      clearTimeout(call?.timer);
      if (frame.error) call?.reject(Object.assign(new Error(frame.error.detail ?? frame.error.code), { code: frame.error.code }));
      else call?.resolve(frame.ok);
      return;
    }
    if (frame.ev === 'message' || frame.ev === 'member' || frame.ev === 'change') this.#item(frame);
    else if (frame.ev === 'lag') this.#catchUp(frame.room);
    this.emit('event', frame);
  }

  #item(frame) {
    const room = this.rooms.get(frame.room);
    this.note('recv', { room: frame.room, seq: frame.seq, send_id: frame.send_id, body: frame.body, ev: frame.ev, sender: frame.sender });
    if (room) room.last = Math.max(room.last, frame.seq);
    this.emit('item', frame);
  }

  async #catchUp(id) {
    const room = this.rooms.get(id);
    if (!room) return;
    this.note('lag', { room: id });
    for (let more = true; more; ) {
      const page = await this.request('history', { room: id, after: room.last, limit: 200 }).catch(() => ({ items: [], more: false }));
      for (const item of page.items) this.#item({ ev: item.kind, ...item });
      more = page.more;
    }
  }

  #lost(socket, code) {
    if (socket !== this.socket) return;
    this.note('close', { code });
    for (const call of this.calls.values()) {
      clearTimeout(call.timer);
      call.reject(Object.assign(new Error('socket closed'), { code: 'closed' }));
    }
    this.calls.clear();
    for (const room of this.rooms.values()) room.live = false;
    this.emit('lost', code);
    if (!this.closed) setTimeout(() => this.connect().catch(() => this.#lost(socket, 0)), 50 + Math.random() * 100);
  }

  // Everything acknowledged?
  get idle() {
    return [...this.rooms.values()].every((room) => room.outbox.length === 0);
  }

  close() {
    this.closed = true;
    this.socket?.close(1000);
  }
}
