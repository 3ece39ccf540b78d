// net_proxy - stands between processes and brokers and makes the way bad: late, narrow, or losing, doubling and swapping events.
//
// A process of its own (`Proxy` below starts it), so that it has a core's time beside the load. What it is to do comes by messages:
//   { listen: [{ port, to }] }    once, at first
//   { seed, delayMs, jitterMs, bytesPerSecond, loss, double, swap, topic }   from then on, for connections open and new; absent: 0
// Each is answered with { harmed }. `loss`, `double` and `swap` are probabilities of one message from broker to process (with `topic`, of those whose topic begins so); the rest holds for bytes both ways.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { seeded } from './seeded.mjs';
import { Net, portOf, proxyGroup, roles } from './net.mjs';
import { ZmtpSplitter, topicOf } from './net_zmtp.mjs';

// Bytes one way of one connection may hold; beyond it the source is read no further until half has gone.
const HELD_MAX = 1024 * 1024;

let faults = {};
let harmed = 0; // messages left out, doubled or swapped, and bytes made late
let random = Math.random;

// Whether a fault of this kind hits the message at hand.
function happens(kind) {
  const hits = random() < (faults[kind] ?? 0);
  if (hits) harmed++;
  return hits;
}

// ---- one way of one connection -------------------------------------------------------------------------------------------------

// Sends in order, each piece no sooner than its delay and the width of the way allow.
class Way {
  constructor(from, to, splitter) {
    Object.assign(this, { from, to, splitter, queue: [], held: 0, freeAt: 0, timer: null, kept: null });
    from.on('data', (chunk) => this.take(chunk));
    from.on('end', () => this.end());
    from.on('close', () => this.end());
    from.on('error', () => to.destroy());
    to.on('drain', () => this.flush());
  }

  take(chunk) {
    if (!this.splitter) return this.pass(chunk);
    for (const piece of this.splitter.push(chunk)) {
      if (!piece.isMessage) this.pass(piece.bytes);
      else this.harm(piece.bytes);
    }
  }

  // A message that is swapped waits for the next one, and is let go when swapping ends.
  harm(bytes) {
    if (faults.topic && !topicOf(bytes).startsWith(faults.topic)) return this.pass(bytes);
    if (happens('loss')) return;
    if (!this.kept && happens('swap')) {
      this.kept = bytes;
      return;
    }
    this.pass(bytes);
    if (happens('double')) this.pass(bytes);
    this.release();
  }

  release() {
    const kept = this.kept;
    this.kept = null;
    if (kept) this.pass(kept);
  }

  pass(bytes) {
    const now = performance.now();
    const { delayMs = 0, jitterMs = 0, bytesPerSecond = 0 } = faults;
    if (delayMs + bytesPerSecond > 0) harmed += bytes.length;
    const width = bytesPerSecond ? (bytes.length / bytesPerSecond) * 1000 : 0;
    this.freeAt = Math.max(this.freeAt, now + delayMs + jitterMs * random()) + width;
    this.queue.push({ bytes, at: this.freeAt });
    this.held += bytes.length;
    if (this.held > HELD_MAX) this.from.pause();
    this.flush();
  }

  // What is held when a fault ends need not wait any longer.
  hurry() {
    this.freeAt = 0;
    for (const piece of this.queue) piece.at = 0;
    this.release();
    this.flush();
  }

  flush() {
    const now = performance.now();
    while (this.queue.length && this.queue[0].at <= now && !this.to.writableNeedDrain && !this.to.destroyed) {
      const { bytes } = this.queue.shift();
      this.held -= bytes.length;
      this.to.write(bytes);
    }
    if (this.held <= HELD_MAX / 2 && this.from.isPaused()) this.from.resume();
    clearTimeout(this.timer);
    if (this.to.destroyed) this.queue.length = 0;
    else if (this.queue.length && this.queue[0].at > now) this.timer = setTimeout(() => this.flush(), this.queue[0].at - now);
    else if (this.queue.length === 0 && this.isEnded) this.to.end();
  }

  end() {
    this.isEnded = true;
    this.flush();
  }
}

// ---- the process ---------------------------------------------------------------------------------------------------------------

const ways = new Set();

function join(near, port, isEvents) {
  const far = connect({ port, host: '127.0.0.1', noDelay: true });
  near.setNoDelay(true);
  const pair = [new Way(near, far, null), new Way(far, near, isEvents ? new ZmtpSplitter() : null)];
  for (const way of pair) ways.add(way);
  const close = () => {
    near.destroy();
    far.destroy();
    for (const way of pair) {
      clearTimeout(way.timer);
      ways.delete(way);
    }
  };
  near.on('close', () => setTimeout(close, 100));
  far.on('close', () => setTimeout(close, 100));
}

async function listen(doors) {
  for (const { port, to, isEvents } of doors) {
    const server = createServer((socket) => join(socket, to, isEvents));
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  }
  process.send({ harmed });
}

function change(wanted) {
  faults = wanted;
  random = seeded(wanted.seed ?? 1);
  for (const way of ways) way.hurry();
  process.send({ harmed });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.on('message', (message) => (message.listen ? listen(message.listen) : change(message)));
  process.on('disconnect', () => process.exit());
}

// ---- for rows ------------------------------------------------------------------------------------------------------------------

export class Proxy {
  // doors: [{ port, to, isEvents }]; connections to `port` are passed on to `to`.
  static async start(doors) {
    const self = new Proxy();
    self.child = fork(fileURLToPath(import.meta.url), { gid: proxyGroup });
    await self.#ask({ listen: doors });
    return self;
  }

  async #ask(message) {
    const answer = once(this.child, 'message');
    this.child.send(message);
    const [{ harmed }] = await answer;
    return harmed;
  }

  // Faults from now on; none when empty.
  async set(wanted = {}) {
    this.isUsed ||= Object.keys(wanted).length > 0;
    await this.#ask(wanted);
  }

  // Ends it, and throws when its faults never met anything: then the row has shown nothing.
  async stop() {
    const harmed = await this.#ask({});
    this.child.disconnect();
    if (this.isUsed && harmed === 0) throw new Error('the proxy harmed nothing');
  }
}

const proxyPort = (port) => port + 2000;

// Puts the proxy before the endpoints; brokers start anew so that every connection is made through it.
export const through = (endpoints) => async (ctx) => {
  const { cluster, state } = ctx;
  const net = new Net(cluster);
  const doors = net.brokers.flatMap((broker) =>
    endpoints.map(([role, channel]) => ({ port: proxyPort(portOf(broker, role, channel)), to: portOf(broker, role, channel), isEvents: channel === 'sub' })),
  );
  state.proxy = await Proxy.start(doors);
  for (const { port, to } of doors) net.redirect(to, port);
  for (const broker of net.brokers) await cluster.kill(`broker${broker}`);
  await cluster.ready();
};

export const stopProxy = async ({ state }) => state.proxy?.stop();
export const quiet = ({ state }) => state.proxy.set();
export const harm = ({ state, random }, faults) => state.proxy.set({ seed: Math.floor(random() * 2 ** 32), ...faults });

export const eventsWay = [['gateway', 'sub']];
export const requestWay = Object.keys(roles).map((role) => [role, 'req']);
