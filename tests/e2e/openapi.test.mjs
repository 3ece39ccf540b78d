// openapi - the documents of the API: whole, valid, and what the gateway does.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import newman from 'newman';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import WebSocket from 'ws';
import { call, must, person, roomOf } from './lib/api.mjs';
import { Cluster } from './lib/cluster.mjs';
import { AsyncApi, OpenApi, judgeAnswer } from './lib/openapi.mjs';
import { staffEnv, staffOf } from './lib/staff.mjs';

const asyncSchema = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0.json');
let cluster, base, openapi, asyncapi;
before(async () => {
  cluster = await Cluster.start({ env: staffEnv() });
  base = cluster.url();
  openapi = await OpenApi.of(base);
  asyncapi = new AsyncApi(await (await fetch(`${base}/asyncapi.json`)).json());
});
after(() => cluster?.destroy());

// A path with a value for each variable that its kind allows.
function example(path, item) {
  const { parameters = [] } = Object.values(item).find((operation) => operation.parameters) ?? {};
  const uuids = parameters.filter(({ schema }) => schema?.format === 'uuid').map(({ name }) => name);
  return path.replace(/\{(\w+)\}/g, (_, name) => (uuids.includes(name) ? randomUUID() : '1'));
}

test('the methods of every path are just those that OPTIONS allows', async () => {
  for (const [path, item] of Object.entries(openapi.json.paths)) {
    const where = item.servers ? cluster.internal() : base;
    const answer = await fetch(where + example(path, item), { method: 'OPTIONS' });
    const allowed = answer.headers.get('allow').split(', ').filter((method) => !['HEAD', 'OPTIONS'].includes(method));
    const documented = Object.keys(item).filter((key) => !['head', 'servers'].includes(key)).map((key) => key.toUpperCase());
    assert.deepEqual(documented.sort(), allowed.sort(), path);
  }
});

test('a linter finds nothing in the OpenAPI and the AsyncAPI document', async () => {
  // Routes of the dialects end in a slash, as their clients ask for them.
  const config = await createConfig({ extends: ['recommended-strict'], rules: { 'no-path-trailing-slash': 'off' } });
  for (const path of ['/openapi.json', '/swagger.yaml', '/asyncapi.json']) {
    const source = await (await fetch(base + path)).text();
    const found = await lintFromString({ source, absoluteRef: path, config });
    assert.deepEqual(found.map((one) => [one.ruleId, one.message, one.location[0].pointer]), [], path);
  }
});

test('the AsyncAPI document is valid by the schema of AsyncAPI', () => {
  // The schema brings the one of JSON Schema that it is written in.
  const ajv = new Ajv({ strict: false, allErrors: true, meta: false, validateSchema: false });
  addFormats(ajv);
  const validate = ajv.compile(asyncSchema);
  assert.ok(validate(asyncapi.json), JSON.stringify(validate.errors, null, 1));
});

test('G-08 the three pages are HTML, public, and give the document with ?format=openapi', async () => {
  for (const path of ['/swagger/', '/redoc/', '/apischema/']) {
    const bare = await fetch(base + path.slice(0, -1), { redirect: 'manual' });
    assert.deepEqual([bare.status, bare.headers.get('location')], [301, path]);
    const page = await fetch(base + path);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type'), /^text\/html/);
    const html = await page.text();
    for (const [, file] of html.matchAll(/(?:src|href)="(\/[^"]*)"/g)) {
      const part = await fetch(base + file);
      assert.equal(part.status, 200, file);
      assert.match(part.headers.get('cache-control'), /immutable/);
      assert.equal((await part.arrayBuffer()).byteLength, Number(part.headers.get('content-length')));
    }
    assert.deepEqual(await (await fetch(`${base}${path}?format=openapi`)).json(), openapi.json);
  }
});

test('G-08 /swagger.json lists every route', async () => {
  const document = await (await fetch(`${base}/swagger.json`)).json();
  assert.deepEqual(document, openapi.json);
  assert.ok(Object.keys(document.paths).length > 40);
});

// `call` judges each answer.
test('the answers of a walk over the API are as documented', async () => {
  const [ann, bob, staff] = [await person(base, 'ann'), await person(base, 'bob'), await staffOf(cluster)];
  const as = (who, body) => ({ token: who.access, body });
  const room = await roomOf(base, [ann, bob]);
  const at = `/v1/rooms/${room.id}`;
  const sent = await must(base, 'POST', `${at}/messages`, as(ann, { send_id: 'a', body: 'grüße' }));
  await must(base, 'POST', `${at}/messages`, as(ann, { send_id: 'a', body: 'grüße' }));
  const file = await call(base, 'POST', '/v1/drive/uploads?name=a.txt', { token: ann.access, body: 'bytes', headers: { 'content-type': 'text/plain' } });
  assert.equal(file.status, 201);
  await must(base, 'POST', `${at}/messages`, as(bob, { send_id: 'b', body: 'see', reply_to: sent.seq }));
  await must(base, 'POST', `${at}/messages`, as(ann, { send_id: 'c', body: '', attachments: [file.json.id] }));
  const upload = await call(base, 'POST', '/v1/drive/uploads', {
    token: ann.access,
    headers: { 'tus-resumable': '1.0.0', 'upload-length': '5', 'content-length': '0' },
  });
  assert.equal(upload.status, 201);
  const place = upload.headers.get('location');
  const tus = { token: ann.access, headers: { 'tus-resumable': '1.0.0' } };
  const seen = [
    await call(base, 'GET', '/v1/accounts?q=ann', as(bob)),
    await call(base, 'GET', '/v1/accounts/me', as(ann)),
    await call(base, 'GET', `/v1/accounts/${bob.id}`, as(ann)),
    await call(base, 'PATCH', '/v1/accounts/me', as(ann, { nickname: 'A' })),
    await call(base, 'PUT', '/v1/accounts/me/email', as(ann, { email: 'a@example.org', password: ann.password })),
    await call(base, 'POST', '/v1/accounts/confirmations', { body: { email: 'a@example.org' } }),
    await call(base, 'POST', '/v1/sessions', { body: { identifier: bob.login, password: bob.password, kind: 'knox' } }),
    await call(base, 'POST', '/v1/sessions', { body: { identifier: bob.login, password: bob.password, kind: 'cookie' } }),
    await call(base, 'GET', '/v1/sessions', as(bob)),
    await call(base, 'POST', '/v1/tokens', as(ann, { name: 't', scopes: 'read' })),
    await call(base, 'GET', '/v1/tokens', as(ann)),
    await call(base, 'GET', '/v1/rooms', as(ann)),
    await call(base, 'GET', '/v1/rooms?public=1&limit=1', as(ann)),
    await call(base, 'GET', at, as(ann)),
    await call(base, 'PATCH', at, as(ann, { topic: 'this' })),
    await call(base, 'GET', `${at}/members?limit=1`, as(ann)),
    await call(base, 'PUT', `${at}/members/${bob.id}`, as(ann, { role: 'admin' })),
    await call(base, 'GET', `${at}/messages?limit=3`, as(bob)),
    await call(base, 'PUT', `${at}/read`, as(bob, { seq: 1 })),
    await call(base, 'GET', `/v1/sync?rooms=${room.id}`, as(bob)),
    await call(base, 'GET', '/v1/drive', as(ann)),
    await call(base, 'GET', '/v1/drive/files', as(ann)),
    await call(base, 'GET', `/v1/drive/files/${file.json.id}`, as(bob)),
    await call(base, 'GET', `/v1/drive/files/${file.json.id}/content`, as(bob)),
    await call(base, 'PATCH', `/v1/drive/files/${file.json.id}`, as(ann, { name: 'b.txt' })),
    await call(base, 'HEAD', place, tus),
    await call(base, 'GET', place, tus),
    await call(base, 'PATCH', place, { ...tus, body: 'by', headers: { ...tus.headers, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' } }),
    await call(base, 'DELETE', place, tus),
    await call(base, 'GET', '/v1/admin/accounts?q=', as(staff)),
    await call(base, 'GET', `/v1/admin/accounts/${bob.id}`, as(staff)),
    await call(base, 'PATCH', `/v1/admin/accounts/${bob.id}`, as(staff, { name: 'Bob' })),
    await call(base, 'GET', '/v1/admin/audit?limit=20', as(staff)),
    await call(base, 'DELETE', `/v1/admin/accounts/${bob.id}/sessions`, as(staff)),
    await call(base, 'DELETE', '/v1/accounts/me', as(ann, { password: ann.password })),
    await call(base, 'GET', '/'),
    await call(base, 'GET', '/readyz?verbose'),
    await call(base, 'GET', '/healthz'),
    await call(cluster.internal(), 'GET', '/metrics'),
  ];
  assert.deepEqual(seen.filter((answer) => answer.status >= 300).map((answer) => [answer.status, answer.text]), []);
});

test('refusals are as documented', async () => {
  const ann = await person(base, 'ann');
  const seen = [
    await call(base, 'GET', '/v1/rooms'),
    await call(base, 'GET', '/v1/rooms', { token: 'not.a.token' }),
    await call(base, 'GET', '/v1/rooms/999999', { token: ann.access }),
    await call(base, 'POST', '/v1/rooms', { token: ann.access, body: { name: 7, more: 1 } }),
    await call(base, 'POST', '/v1/rooms', { token: ann.access, body: '{bad' }),
    await call(base, 'POST', '/v1/rooms', { token: ann.access, body: 'x', headers: { 'content-type': 'text/plain' } }),
    await call(base, 'GET', '/v1/admin/audit', { token: ann.access }),
    await call(base, 'POST', '/v1/accounts', { body: { login: ann.login, password: ann.password } }),
    await call(base, 'GET', '/v1/ws', { token: ann.access }),
    await call(base, 'DELETE', '/v1/accounts/me', { token: ann.access, body: { password: 'another one' } }),
  ];
  assert.deepEqual(seen.map((answer) => answer.status), [401, 401, 404, 422, 400, 415, 403, 409, 426, 422]);
});

test('an answer that is wrong would be noticed, by `call` too', async () => {
  const wrong = structuredClone(openapi.json);
  wrong.components.schemas.account.properties.id.type = 'integer';
  delete wrong.components.schemas.account.properties.login;
  const ann = await person(base, 'ann');
  const answer = await call(base, 'GET', '/v1/accounts/me', { token: ann.access });
  const faults = new OpenApi(wrong).answerFaults('GET', '/v1/accounts/me', answer);
  assert.match(faults.join('\n'), /\/id must be integer/);
  assert.match(faults.join('\n'), /must NOT have additional properties.*login/);
  const other = { ...answer, json: { ...answer.json, id: 7 } };
  await assert.rejects(judgeAnswer(base, 'GET', '/v1/accounts/me', other), /is not as documented/);
});

test('what goes over a WebSocket is as the AsyncAPI document says', async () => {
  const ann = await person(base, 'ann');
  const room = await roomOf(base, [ann]);
  const socket = new WebSocket(cluster.ws(), ['parley.v1.json']);
  const waiting = new Map();
  const faults = [];
  const events = new Set();
  let id = 0;
  socket.on('message', (data) => {
    const frame = JSON.parse(data);
    const name = frame.ev ?? (frame.error ? 'error' : `${waiting.get(frame.re)?.op}_ok`);
    faults.push(...asyncapi.messageFaults(name, frame).map((fault) => `${name} ${data}: ${fault}`));
    if (frame.ev) events.add(frame.ev);
    else waiting.get(frame.re)?.done(frame);
  });
  await new Promise((done) => socket.on('open', done));
  const ask = (op, fields = {}) => {
    const frame = { op, id: ++id, ...fields };
    faults.push(...asyncapi.messageFaults(op, frame).map((fault) => `${op}: ${fault}`));
    return new Promise((done) => {
      waiting.set(frame.id, { op, done });
      socket.send(JSON.stringify(frame));
    });
  };
  const answers = [
    await ask('ping'),
    await ask('auth', { token: ann.access }),
    await ask('subscribe', { room: room.id, since: 0 }),
    await ask('send', { room: room.id, send_id: 'x', body: 'hello' }),
    await ask('history', { room: room.id, after: 0, limit: 10 }),
    await ask('read', { room: room.id, seq: 1 }),
    await ask('unsubscribe', { room: room.id }),
  ];
  assert.ok(answers.every((frame) => frame.ok), JSON.stringify(answers));
  assert.ok((await ask('send', { room: '999999', send_id: 'y', body: 'nobody' })).error);
  socket.close();
  assert.deepEqual(faults, []);
  assert.deepEqual([...events].sort(), ['hello', 'member', 'message']);
});

test('every operation of the native socket in the AsyncAPI document is one, and no other word is', async () => {
  const ann = await person(base, 'ann');
  const socket = new WebSocket(`${cluster.ws()}?token=${ann.access}`);
  await new Promise((done) => socket.on('open', done));
  const answer = (op) =>
    new Promise((done) => {
      socket.on('message', (data) => JSON.parse(data).re === 1 && done(JSON.parse(data)));
      socket.send(JSON.stringify({ op, id: 1 }));
    });
  const native = Object.entries(asyncapi.json.operations).filter(([, { channel }]) => channel.$ref === '#/channels/socket');
  for (const op of native.map(([name]) => name).filter((name) => name !== 'events')) {
    const got = await answer(op);
    assert.notEqual(got.error?.code, 'unknown_op', op);
    socket.removeAllListeners('message');
  }
  assert.equal((await answer('events')).error.code, 'unknown_op');
  socket.close();
});

test('newman runs the Postman collection: every call is answered as documented, and most of the native ones succeed', async () => {
  const collection = await (await fetch(`${base}/postman.json`)).json();
  const summary = await new Promise((done, fail) => {
    newman.run({ collection, envVar: [{ key: 'base', value: base }, { key: 'internal', value: cluster.internal() }] }, (error, result) => (error ? fail(error) : done(result)));
  });
  assert.deepEqual(summary.run.failures.map((one) => [one.source?.name, one.error.message]), []);
  assert.equal(summary.run.executions.length, [...JSON.stringify(collection).matchAll(/"method":/g)].length);
  const native = summary.run.executions.filter((one) => / \/v1\//.test(one.item.name));
  const failed = native.filter((one) => one.response.code >= 400).map((one) => `${one.item.name}: ${one.response.code}`);
  assert.ok(failed.length < native.length / 3, failed.join('\n'));
});
