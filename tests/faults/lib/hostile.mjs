// hostile - a client that doesn't play fair, and its yardstick: the same number of requests a second at a static route.
// usage: node hostile.mjs PORT RATE TOKEN ROOM   then lines on standard input: stopped, slow, garbage, signin, static, none.
//
// `stopped` holds WebSockets that subscribed to a busy room and read nothing any more, `slow` ones that read a trickle; both go on asking,
// RATE questions a second together. `garbage` sends frames that are no requests. `signin` guesses passwords, a connection each, from an address of its own. A socket that the gateway closes is replaced.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const sockets = 10;
const slowMs = 100;
const slowBytes = 64;
const stepMs = 10;
const stranger = '127.0.0.2';

const [port, rate, token, room] = process.argv.slice(2);
let open = [];
let mode = 'none';
let begun = 0;
let done = 0;

// A text frame as clients send it, masked with zeros, of less than 126 bytes.
function frame(value) {
  const text = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
}

function handshake() {
  const lines = ['GET /v1/ws HTTP/1.1', 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`];
  return [...lines, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: parley.v1.json', `Authorization: Bearer ${token}`, '', ''].join('\r\n');
}

function socketAt(place, { reads, subscribes }) {
  if (open[place] && !open[place].destroyed) return open[place];
  const socket = connect(Number(port), '127.0.0.1', () => socket.write(handshake()));
  open[place] = socket;
  socket.on('error', () => {});
  socket.on('end', () => socket.destroy());
  socket.once('data', () => {
    socket.isUp = true;
    if (reads === 'all') return socket.resume();
    socket.pause();
    if (subscribes) socket.write(frame({ op: 'subscribe', id: 1, room }));
    if (reads !== 'some') return;
    const timer = setInterval(() => socket.read(slowBytes), slowMs);
    socket.once('close', () => clearInterval(timer));
  });
  return socket;
}

function ask(how, what) {
  const socket = socketAt(done % sockets, how);
  if (socket.isUp) socket.write(frame(what));
}

// One request on a connection of its own, from the stranger's address.
function askOnce(head, body = '') {
  const socket = connect({ port: Number(port), host: '127.0.0.1', localAddress: stranger }, () => socket.write(`${head} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n${body ? `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n` : ''}\r\n${body}`));
  socket.on('error', () => {});
  socket.resume();
}

const acts = {
  none: () => {},
  static: () => askOnce('GET /healthz'),
  signin: () => askOnce('POST /v1/sessions', JSON.stringify({ identifier: `nobody${done % 50}`, password: `guess number ${done}` })),
  stopped: () => ask({ subscribes: true }, { op: 'ping', id: 2 }),
  slow: () => ask({ subscribes: true, reads: 'some' }, { op: 'ping', id: 2 }),
  garbage: () => ask({ reads: 'all' }, '{"op":"send","id":1,"room":'),
};

createInterface({ input: process.stdin })
  .on('line', (line) => {
    for (const socket of open) socket?.destroy();
    open = [];
    mode = line in acts ? line : 'none';
    [begun, done] = [Date.now(), 0];
  })
  .on('close', () => process.exit(0));

setInterval(() => {
  for (const due = ((Date.now() - begun) / 1000) * Number(rate); begun && done < due; done++) acts[mode]();
}, stepMs);
