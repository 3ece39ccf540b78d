// hostile - clients that don't play fair, and their yardstick: the same number of requests a second at a static route.
// usage: node hostile.mjs PORT RATE TOKEN ROOM   then lines on standard input: stopped, slow, static, none.
//
// `stopped` opens a WebSocket, subscribes to a room and reads nothing any more; `slow` reads a little now and then.
// So many stay open that the gateway has to hold them all at once, and the oldest makes room for the next.
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const openMax = 100;
const slowMs = 100;
const slowBytes = 64;
const stepMs = 10;

const [port, rate, token, room] = process.argv.slice(2);
const open = [];
let mode = 'none';
let begun = 0;

function keep(socket) {
  socket.on('error', () => {});
  open.push(socket);
  if (open.length > openMax) open.shift().destroy();
}

// A text frame as clients send it, masked with zeros: `{"op":..}` of less than 126 bytes.
function frame(json) {
  const text = Buffer.from(JSON.stringify(json));
  return Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
}

function handshake() {
  const lines = ['GET /v1/ws HTTP/1.1', 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`];
  return [...lines, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: parley.v1.json', `Authorization: Bearer ${token}`, '', ''].join('\r\n');
}

function consumer(reads) {
  const socket = connect(Number(port), '127.0.0.1', () => socket.write(handshake()));
  keep(socket);
  socket.once('data', () => {
    socket.pause();
    socket.write(frame({ op: 'subscribe', id: 1, room }));
    if (!reads) return;
    const timer = setInterval(() => socket.read(slowBytes), slowMs);
    socket.once('close', () => clearInterval(timer));
  });
}

function askStatic() {
  const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'));
  socket.on('error', () => {});
  socket.resume();
}

const acts = { none: () => {}, static: askStatic, stopped: () => consumer(false), slow: () => consumer(true) };

createInterface({ input: process.stdin })
  .on('line', (line) => {
    for (const socket of open.splice(0)) socket.destroy();
    mode = line in acts ? line : 'none';
    begun = Date.now();
  })
  .on('close', () => process.exit(0));

let done = 0;
let since = 0;
setInterval(() => {
  if (since !== begun) [since, done] = [begun, 0];
  for (const due = ((Date.now() - since) / 1000) * Number(rate); since && done < due; done++) acts[mode]();
}, stepMs);
