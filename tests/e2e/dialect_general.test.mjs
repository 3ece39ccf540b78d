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
  '/api/rest-auth/login/': ['POST', 'OPTIONS'],
  '/api/rest-auth/registration/': ['POST', 'OPTIONS'],
  '/api/v1/accounts/login/': ['POST', 'OPTIONS'],
  '/api/v1/accounts/user/create/': ['POST', 'OPTIONS'],
};

// How each login is asked, and what its answer has.
const byName = (identifier, password) => ({ username: identifier, password });
const byEmail = (email, password) => ({ email, password });
const logins = {
  '/login/': [byName, 'token'],
  '/api/token/': [byName, 'access'],
  '/api/rest-auth/login/': [byEmail, 'key'],
  '/api/v1/accounts/login/': [byEmail, 'token'],
};

// How an account is made at each place, and by which of its names it is known then.
const registrations = {
  '/register/': [({ login, password }) => ({ username: login, password }), ['login']],
  '/api/register/': [({ login, password }) => ({ name: 'N', username: login, password }), ['login']],
  '/api/rest-auth/registration/': [({ email, password }) => ({ email, password1: password, password2: password }), ['email']],
  '/api/v1/accounts/user/create/': [({ email, password }) => ({ email, name: 'N', password, confirm_password: password }), ['email']],
  '/v1/accounts': [({ login, email, password }) => ({ login, email, password }), ['login', 'email']],
};

function newcomer() {
  const login = fresh('who');
  return { login, email: `${login}@example.org`, password: 'p&=+ %41é long enough' };
}

async function register(path) {
  const who = newcomer();
  const answer = await ask(base, 'POST', path, registrations[path][0](who));
  assert.equal(answer.status, 201, `${path}: ${answer.text}`);
  return who;
}

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
  const who = await register('/v1/accounts');
  for (const [path, [fields, member]] of Object.entries(logins))
    for (const way of Object.keys(writings)) {
      const answer = await ask(base, 'POST', path, fields(who.email, who.password), { way });
      assert.equal(answer.status, 200, `${path} ${way}: ${answer.text}`);
      assert.ok(answer.json[member]);
      const wrong = await ask(base, 'POST', path, fields(newcomer().email, who.password), { way });
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

test('G-09 an account that was made anywhere signs in wherever it has the name', async () => {
  for (const [place, [, names]] of Object.entries(registrations)) {
    const who = await register(place);
    for (const [path, [fields, member]] of Object.entries(logins))
      for (const name of ['login', 'email']) {
        const answer = await ask(base, 'POST', path, fields(who[name], who.password));
        const isKnown = names.includes(name) && (name === 'email' || fields === byName);
        const what = `${place} then ${path} by ${name}: ${answer.status} ${answer.text}`;
        assert.equal(answer.status === 200, isKnown, what);
        if (isKnown) assert.ok(answer.json[member], what);
      }
  }
});

test('G-10 key, Knox token, access token and password are good at rooms and at the current user', async () => {
  const who = await register('/v1/accounts');
  const of = async (path, member) => (await ask(base, 'POST', path, logins[path][0](who.email, who.password))).json[member];
  const shown = [
    `Token ${await of('/login/', 'token')}`,
    `Token ${await of('/api/v1/accounts/login/', 'token')}`,
    `Bearer ${await of('/api/token/', 'access')}`,
    `Basic ${Buffer.from(`${who.login}:${who.password}`).toString('base64')}`,
  ];
  assert.deepEqual(shown.slice(0, 2).map((one) => one.length), [6 + 40, 6 + 64]);
  for (const as of shown) {
    assert.equal((await ask(base, 'GET', '/rooms/', undefined, { as })).status, 200, as);
    const user = await ask(base, 'GET', '/api/user/currentuser/', undefined, { as });
    assert.deepEqual([user.status, user.json.email], [200, who.email], as);
    const bad = await ask(base, 'GET', '/api/user/currentuser/', undefined, { as: `${as.slice(0, -1)}${as.at(-1) === 'A' ? 'B' : 'A'}` });
    assert.equal(bad.status, 401, as);
  }
});

test('G-11 a cookie alone changes nothing without its CSRF token; with an Authorization header none is needed', async () => {
  const who = { username: fresh('csrf'), password: 'pw' };
  await ask(base, 'POST', '/register/', who);
  const { json, cookies } = await ask(base, 'POST', '/login/', who);
  const [session, csrf] = [cookies.sessionid.value, cookies.csrftoken.value];
  const start = (headers) => ask(base, 'POST', '/api/start-chat/', undefined, { headers: { 'content-length': '0', ...headers } });
  const cookie = `sessionid=${session}; csrftoken=${csrf}`;
  for (const headers of [{ cookie: `sessionid=${session}` }, { cookie }, { cookie, 'x-csrftoken': 'x'.repeat(32) }, { cookie, 'x-csrftoken': csrf, origin: 'http://evil.example' }]) {
    const answer = await start(headers);
    assert.equal(answer.status, 403, answer.text);
    assert.match(answer.json.detail, /^CSRF Failed: /);
  }
  assert.equal((await start({ cookie, 'x-csrftoken': csrf })).status, 200);
  // A form may show it in a field of its own; JSON may not, and a foreign page gains nothing by it.
  const form = (way, token, headers = {}) => ask(base, 'POST', '/api/start-chat/', { csrfmiddlewaretoken: token }, { way, headers: { cookie, ...headers } });
  for (const way of ['form', 'multipart']) {
    assert.equal((await form(way, csrf)).status, 200, way);
    for (const [token, headers] of [['x'.repeat(32), {}], ['', {}], [csrf, { origin: 'http://evil.example' }], [csrf, { cookie: `sessionid=${session}` }]]) {
      const answer = await form(way, token, headers);
      assert.equal(answer.status, 403, answer.text);
      assert.match(answer.json.detail, /^CSRF Failed: /);
    }
  }
  assert.equal((await form('json', csrf)).status, 403);
  assert.equal((await start({ cookie, authorization: `Token ${json.token}` })).status, 200);
});
