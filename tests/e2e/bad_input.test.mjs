// bad_input - each piece of bad input gets one clear, typed error or a closed connection, and disturbs nobody else.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import WebSocket from 'ws';
import { call, person, roomOf } from './lib/api.mjs';
import { Client } from './lib/client.mjs';
import { Cluster, root, until } from './lib/cluster.mjs';
import { raw, rawHead } from './lib/raw.mjs';

let cluster;
let ann;
let room;
let witness;
before(async () => {
  cluster = await Cluster.start();
  ann = await person(cluster.url(), 'ann');
  room = await roomOf(cluster.url(), [ann]);
  witness = new Client({ urls: [cluster.ws()], token: ann.access, name: 'witness' });
  witness.connect();
  await witness.join(room.id);
});
after(() => {
  witness?.close();
  return cluster?.destroy();
});

// After every test the witness, connected since the start, still talks.
async function undisturbed() {
  const opened = witness.log.filter((note) => note.op === 'open').length;
  assert.equal(opened, 1, 'the witness lost its connection');
  await witness.send(room.id, 'still here');
}

const post = (path, body, options = {}) => call(cluster.url(), 'POST', path, { token: ann.access, body, ...options });

test('bodies that are not what the schema says get a typed error that names the field', async () => {
  const messages = `/v1/rooms/${room.id}/messages`;
  const rows = [
    ['/v1/rooms', '{"name":', 400, 'malformed'],
    ['/v1/rooms', '', 422, 'invalid', 'name'],
    ['/v1/rooms', '[]', 400, 'malformed'],
    ['/v1/rooms', '{"name":"a","name":"b"}', 400, 'malformed'],
    ['/v1/rooms', '['.repeat(3000), 400, 'malformed'],
    ['/v1/rooms', '{"name":1e999}', 400, 'malformed'],
    ['/v1/rooms', '{"name":"\\u0000"}', 400, 'malformed'],
    ['/v1/rooms', '{"name":"a\\ud800"}', 400, 'malformed'],
    ['/v1/rooms', '{"name":7}', 422, 'invalid', 'name'],
    ['/v1/rooms', '{"name":"a","kind":"castle"}', 422, 'invalid', 'kind'],
    ['/v1/rooms', '{"name":"a","members":["x"]}', 422, 'invalid', 'members'],
    ['/v1/rooms', '{"name":"a","colour":"red"}', 422, 'invalid', 'colour'],
    ['/v1/rooms', JSON.stringify({ name: 'n'.repeat(201) }), 422, 'invalid', 'name'],
    [messages, '{}', 422, 'invalid', 'send_id'],
    [messages, '{"send_id":"1"}', 422, 'invalid', 'body'],
    [messages, '{"send_id":"","body":"x"}', 422, 'invalid', 'send_id'],
    [messages, JSON.stringify({ send_id: '1', body: 'b'.repeat(17000) }), 422, 'invalid', 'body'],
    ['/v1/sessions', '{"identifier":"a"}', 422, 'invalid', 'password'],
    ['/v1/accounts', '{"name":"nobody","password":"long enough"}', 422, 'invalid'],
  ];
  for (const [path, body, status, code, field] of rows) {
    const answer = await post(path, body);
    const label = `${path} ${body.slice(0, 60)}: ${answer.text}`;
    assert.equal(answer.status, status, label);
    assert.equal(answer.json.code, code, label);
    assert.match(answer.headers.get('content-type'), /application\/problem\+json/);
    assert.ok(answer.json.request_id);
    if (field) assert.ok(answer.json.errors.some((error) => error.field.startsWith(field)), label);
  }
  const large = await post('/v1/rooms', JSON.stringify({ name: 'x', topic: 'y'.repeat(200000) })).catch(() => ({ status: 413 }));
  assert.equal(large.status, 413);
  const media = await call(cluster.url(), 'POST', '/v1/rooms', { token: ann.access, body: 'name=a', headers: { 'content-type': 'text/plain' } });
  assert.equal(media.status, 415);
  await undisturbed();
});

test('unknown routes, wrong methods, bad identities', async () => {
  const rows = [
    ['GET', '/v1/nowhere', {}, 404],
    ['GET', '/v1/rooms/abc', { token: ann.access }, 404],
    ['GET', '/v1/rooms/99999999999999999999999', { token: ann.access }, 404],
    ['GET', '/v1/rooms/123456789', { token: ann.access }, 404],
    ['PUT', '/v1/rooms', { token: ann.access, body: {} }, 405],
    ['DELETE', '/v1/sync', { token: ann.access }, 405],
    ['GET', '/v1/rooms', {}, 401],
    ['GET', '/v1/rooms', { token: 'x.y.z' }, 401],
    ['GET', '/v1/rooms', { token: `${ann.access.slice(0, -4)}AAAA` }, 401],
    ['GET', '/v1/rooms', { headers: { authorization: 'Nonsense abc' } }, 401],
    ['GET', `/v1/rooms/${room.id}/messages?after=-1`, { token: ann.access }, 422],
    ['GET', `/v1/rooms/${room.id}/messages?limit=100000`, { token: ann.access }, 422],
    ['GET', `/v1/rooms/${room.id}/messages?after=1&before=2`, { token: ann.access }, 422],
  ];
  for (const [method, path, options, status] of rows) {
    const answer = await call(cluster.url(), method, path, options);
    assert.equal(answer.status, status, `${method} ${path}: ${answer.status} ${answer.text}`);
    if (status === 405) assert.ok(answer.headers.get('allow'));
    if (status === 401) assert.match(answer.headers.get('www-authenticate'), /Bearer/);
  }
  const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'parley', aud: 'parley', sub: String(ann.id), sid: '1', exp: 4e9 };
  const none = `${b64({ alg: 'none', typ: 'JWT' })}.${b64(claims)}.`;
  assert.equal((await call(cluster.url(), 'GET', '/v1/rooms', { token: none })).status, 401);
  await undisturbed();
});

test('framing that would smuggle a second request is refused and the connection closed', async () => {
  const second = 'GET /v1/smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
  const rows = [
    'POST /v1/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 40\r\n\r\n{}x',
    'POST /v1/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\n{}x',
    'POST /v1/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 3abc\r\n\r\n{}x',
    'POST /v1/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n',
    'POST /v1/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n',
    'POST /v1/rooms HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /v1/rooms HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /v1/rooms HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    'GET /healthz HTTP/1.1\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'POST /v1/sessions HTTP/1.1\r\nHost: a\r\n\r\n',
  ];
  for (const head of rows) {
    const { text, closed } = await raw(cluster.port, head + second);
    assert.match(text, /^HTTP\/1\.[01] (400|411|413|501) /, JSON.stringify(head));
    assert.ok(closed, `left open: ${JSON.stringify(head)}`);
    assert.equal(text.match(/HTTP\/1\.[01] \d/g).length, 1, `two answers: ${JSON.stringify(head)}`);
  }
  await undisturbed();
});

test('upgrades to anything but a WebSocket of ours are refused', async () => {
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
  const auth = `Authorization: Bearer ${ann.access}\r\n`;
  const rows = [
    [`GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n`, null],
    ['CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n', null],
    [`GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: foo\r\nConnection: Upgrade\r\n\r\n`, null],
    [`GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n${key}${auth}Origin: https://evil.example\r\n\r\n`, /^HTTP\/1\.[01] 403 /],
    [`GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n${key}${auth}Origin: null\r\n\r\n`, /^HTTP\/1\.[01] 403 /],
    [`GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n${key}${auth}\r\n`, /^HTTP\/1\.[01] 426 /],
    [`GET /v1/elsewhere HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n${key}${auth}\r\n`, /^HTTP\/1\.[01] 404 /],
    [`GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n${key}Authorization: Bearer a.b.c\r\n\r\n`, /^HTTP\/1\.[01] 401 /],
  ];
  for (const [head, pattern] of rows) {
    const { text, closed } = await raw(cluster.port, head);
    assert.ok(!/ 101 /.test(text), JSON.stringify(head));
    if (pattern) assert.match(text, pattern, JSON.stringify(head));
    assert.ok(closed, `left open: ${JSON.stringify(head)}`);
  }
  await undisturbed();
});

// One masked client frame by hand: what libraries refuse to send.
function frame(opcode, payload, { fin = true, mask = true, length } = {}) {
  const bytes = Buffer.from(payload);
  const head = [(fin ? 0x80 : 0) | opcode];
  const size = length ?? bytes.length;
  const bit = mask ? 0x80 : 0;
  if (size < 126) head.push(bit | size);
  else if (size < 65536) head.push(bit | 126, size >> 8, size & 255);
  else head.push(bit | 127, ...[56n, 48n, 40n, 32n, 24n, 16n, 8n, 0n].map((shift) => Number((BigInt(size) >> shift) & 255n)));
  return Buffer.concat([Buffer.from(head), mask ? Buffer.alloc(4) : Buffer.alloc(0), bytes]);
}

// The code of the close frame among unmasked frames; null when there is none.
function closeOf(bytes) {
  for (let at = 0; at + 2 <= bytes.length; ) {
    let size = bytes[at + 1] & 127;
    let skip = 2;
    if (size === 126) {
      size = bytes.readUInt16BE(at + 2);
      skip = 4;
    }
    if ((bytes[at] & 15) === 8 && size >= 2 && at + skip + 2 <= bytes.length) return bytes.readUInt16BE(at + skip);
    at += skip + size;
  }
  return null;
}

// Opens a WebSocket by hand, sends `bytes`, returns the close code that came back (null: cut without one).
function closeCode(bytes, ms = 8000) {
  return new Promise((resolve, reject) => {
    const socket = connect(cluster.port, '127.0.0.1');
    let text = Buffer.alloc(0);
    let open = false;
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error('the connection was left open'));
    }, ms);
    socket.on('data', (chunk) => {
      text = Buffer.concat([text, chunk]);
      const head = text.indexOf('\r\n\r\n');
      if (!open && head >= 0) {
        open = true;
        text = text.subarray(head + 4);
        for (const part of [bytes].flat()) socket.write(part);
      }
      // The closing handshake is ours to end: whoever got a close frame hangs up.
      if (open && closeOf(text) !== null) socket.end();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(closeOf(text));
    });
    socket.write(
      `GET /v1/ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${ann.access}\r\n\r\n`,
    );
  });
}

test('WebSocket frames that break the rules close that socket with a code', async () => {
  const text = '{"op":"ping","id":1}';
  const rows = [
    ['a frame beyond 64 KiB', frame(1, 'x'.repeat(70000)), [1009]],
    ['a length of 2^62', frame(1, 'x'.repeat(70000), { length: 4611686018427388000 }), [1009]],
    ['endless empty fragments', [frame(1, '', { fin: false }), ...Array.from({ length: 400 }, () => frame(0, '', { fin: false }))], [1008, 1009]],
    ['invalid UTF-8', frame(1, Buffer.from([0x7b, 0xc3, 0x28, 0x7d])), [1007, 4400]],
    ['a reserved opcode', frame(3, text), [1002]],
    ['a fragmented ping', frame(9, '', { fin: false }), [1002]],
    ['a stray continuation', frame(0, text), [1002]],
    ['a close payload of one byte', frame(8, 'x'), [1002]],
    ['malformed JSON again and again', Array.from({ length: 150 }, () => frame(1, '{"op":')), [4400]],
  ];
  for (const [name, bytes, codes] of rows) {
    const code = await closeCode(bytes).catch((error) => error.message);
    assert.ok(codes.includes(code) || (code === null && codes.includes(1002)), `${name}: ${code}`);
  }
  await undisturbed();
});

test('WebSocket requests that break the schema are answered and the socket goes on', async () => {
  const socket = new WebSocket(cluster.ws(), { headers: { authorization: `Bearer ${ann.access}` } });
  await new Promise((resolve) => socket.on('open', resolve));
  const answers = [];
  socket.on('message', (data) => answers.push(JSON.parse(data)));
  const rows = [
    ['{"op":"fly","id":1}', 'unknown_op'],
    ['{"op":"send","id":2,"room":"1"}', 'invalid'],
    ['{"op":"send","id":3,"room":"abc","send_id":"1","body":"x"}', 'invalid'],
    ['{"op":"subscribe","id":4,"room":"987654321"}', 'not_found'],
    ['{"op":"history","id":5,"room":"987654321"}', 'not_found'],
    [`{"op":"send","id":6,"room":"${room.id}","send_id":"1","body":"   "}`, 'invalid'],
    [`{"op":"history","id":7,"room":"${room.id}","after":-3}`, 'invalid'],
  ];
  for (const [text] of rows) socket.send(text);
  await until('all are answered', () => answers.filter((answer) => answer.re).length === rows.length);
  rows.forEach(([text, code], i) => assert.equal(answers.find((answer) => answer.re === i + 1)?.error?.code, code, text));
  socket.send('{"op":"ping","id":8}');
  await until('pong', () => answers.find((answer) => answer.re === 8)?.ok);
  socket.close();
  await undisturbed();
});

test('a flood of frames is slowed or closed 4429, others go on', async () => {
  const socket = new WebSocket(cluster.ws(), { headers: { authorization: `Bearer ${ann.access}` } });
  await new Promise((resolve) => socket.on('open', resolve));
  const closed = new Promise((resolve) => socket.on('close', resolve));
  for (let i = 1; i <= 5000 && socket.readyState === WebSocket.OPEN; i++) socket.send(`{"op":"ping","id":${i}}`);
  assert.equal(await closed, 4429);
  await undisturbed();
});

test('a path outside the tree of routes and bytes that are no HTTP harm nothing', async () => {
  for (const bytes of ['\0\0\0\0', 'GET / HTTP/9.9\r\nHost: a\r\n\r\n', 'GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n', `GET /${'a'.repeat(40000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 'BREW /v1/rooms HTTP/1.1\r\nHost: a\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
    const text = await rawHead(cluster.port, bytes, 1500);
    assert.ok(!/^HTTP\/1\.[01] (2|5(?!0[15]))/.test(text), `${JSON.stringify(bytes.slice(0, 40))}: ${text.slice(0, 60)}`);
  }
  await undisturbed();
});

test('garbage on every endpoint of the brokers, and a worker of another role, disturb nothing', async () => {
  const bus = cluster.runEnv().PARLEY_BUS;
  const output = execFileSync(join(root, 'build/release/tools/vandal'), [bus, '300'], { encoding: 'utf8' });
  assert.match(output, /\d+ frames/);
  await undisturbed();
  assert.equal((await call(cluster.url(), 'GET', '/readyz')).status, 200);
});
