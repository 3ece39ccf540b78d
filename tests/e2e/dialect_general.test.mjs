// dialect_general - what is the same in all dialects: bodies, methods, paths, and the root; each test is a row of the contract.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { Cluster } from './lib/cluster.mjs';
import { ask, fresh, writings } from './lib/dialect.mjs';

// Routes that take a body, and which methods their paths take.
const routes = {
  '/login/': ['POST', 'OPTIONS'],
  '/register/': ['POST', 'OPTIONS'],
  '/api/register/': ['POST', 'OPTIONS'],
  '/api/token/': ['POST', 'OPTIONS'],
  '/api/token/refresh/': ['POST', 'OPTIONS'],
};

// How each login is asked, and what its answer has.
const logins = {
  '/login/': [(who) => ({ username: who.login, password: who.password }), 'token'],
  '/api/token/': [(who) => ({ username: who.login, password: who.password }), 'access'],
};

let cluster;
let base;
before(async () => {
  cluster = await Cluster.start();
  base = cluster.url();
});
after(() => cluster?.destroy());

const allowed = (answer) => answer.headers.get('allow').split(', ').sort();

test('G-01 JSON that can not be read is told so', async () => {
  for (const path of Object.keys(routes)) {
    const answer = await ask(base, 'POST', path, '{bad');
    assert.equal(answer.status, 400, path);
    assert.match(answer.json.detail, /^JSON parse error - /);
    assert.deepEqual(allowed(answer), [...routes[path]].sort());
  }
});

test('G-02 a media type that nobody reads is told by its name', async () => {
  for (const path of Object.keys(routes)) {
    const answer = await ask(base, 'POST', path, 'text', { headers: { 'content-type': 'text/plain' } });
    assert.deepEqual([answer.status, answer.json], [415, { detail: 'Unsupported media type "text/plain" in request.' }]);
  }
});

test('G-03 a wrong method is told, and which there are', async () => {
  for (const path of Object.keys(routes))
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const answer = await ask(base, method, path);
      assert.deepEqual([answer.status, answer.json], [405, { detail: `Method "${method}" not allowed.` }]);
      assert.deepEqual(allowed(answer), [...routes[path]].sort());
    }
});

test('G-03 OPTIONS describe a route, and what can not be accepted is 406', async () => {
  const answer = await ask(base, 'OPTIONS', '/login/');
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.json), ['name', 'description', 'renders', 'parses']);
  assert.deepEqual(allowed(answer), ['OPTIONS', 'POST']);
  const odd = await ask(base, 'POST', '/login/', {}, { headers: { accept: 'image/png' } });
  assert.deepEqual([odd.status, odd.json], [406, { detail: 'Could not satisfy the request Accept header.' }]);
});

test('G-04 a GET without the final slash is sent on with its query, any other method is served', async () => {
  for (const path of Object.keys(routes)) {
    const bare = path.slice(0, -1);
    const answer = await ask(base, 'GET', `${bare}?a=b%20c&d=%26`);
    assert.deepEqual([answer.status, answer.headers.get('location'), answer.text], [301, `${path}?a=b%20c&d=%26`, '']);
    const [with_, without] = [await ask(base, 'POST', path, {}), await ask(base, 'POST', bare, {})];
    assert.deepEqual([without.status, without.json], [with_.status, with_.json]);
    assert.equal(without.status, 400);
  }
});

test('G-05 every login reads JSON, forms and multipart alike', async () => {
  const who = { login: fresh('any'), password: 'p&=+ %41é' };
  assert.equal((await ask(base, 'POST', '/register/', { username: who.login, password: who.password })).status, 201);
  for (const [path, [fields, member]] of Object.entries(logins))
    for (const way of Object.keys(writings)) {
      const answer = await ask(base, 'POST', path, fields(who), { way });
      assert.equal(answer.status, 200, `${path} ${way}: ${answer.text}`);
      assert.ok(answer.json[member]);
      const wrong = await ask(base, 'POST', path, fields({ ...who, login: fresh('none') }), { way });
      assert.ok(wrong.status === 400 || wrong.status === 401, `${path} ${way}: ${wrong.text}`);
    }
});

test('G-06 an unknown path is 404, and so is a WebSocket there', async () => {
  assert.equal((await ask(base, 'GET', '/no/such/thing/')).status, 404);
  assert.equal((await ask(base, 'POST', '/api/nothing/', {})).status, 404);
  const socket = new WebSocket(`${base.replace('http', 'ws')}/ws/nothing/`);
  socket.on('error', () => {}); // the refusal
  const [, answer] = await once(socket, 'unexpected-response');
  assert.equal(answer.statusCode, 404);
  socket.terminate();
});

test('G-07 the root is JSON for programs and a page for browsers', async () => {
  const json = await ask(base, 'GET', '/', undefined, { headers: { accept: 'application/json' } });
  assert.deepEqual([json.status, json.json], [200, { rooms: `${base}/rooms/` }]);
  const page = await ask(base, 'GET', '/', undefined, { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.match(page.text, /^<!DOCTYPE html>/);
});
