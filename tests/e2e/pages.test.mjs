// pages - what browsers get of the pages for people, as far as HTTP goes; tests named by a row are rows of the contract.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from './lib/cluster.mjs';
import { ask, fresh } from './lib/dialect.mjs';

const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };
let cluster;
let base;
before(async () => {
  cluster = await Cluster.start({ env: { PARLEY_DEMO_USERS: 'alice:password,bob:password' } });
  base = cluster.url();
});
after(() => cluster?.destroy());

const get = (path, cookies = {}) => ask(base, 'GET', path, undefined, { headers: { ...html, ...cookieLine(cookies) } });
const cookieLine = (cookies) => (Object.keys(cookies).length > 0 ? { cookie: Object.entries(cookies).map((pair) => pair.join('=')).join('; ') } : {});
const post = (path, fields, cookies = {}, headers = {}) => ask(base, 'POST', path, fields, { way: 'form', headers: { ...html, ...cookieLine(cookies), ...headers } });
const valueOf = (page, name) => page.text.match(new RegExp(`name="${name}" value="([^"]*)"`))?.[1];

function isPage(answer, status = 200) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers.get('content-type'), /^text\/html/);
  assert.match(answer.text, /^<!DOCTYPE html>/);
  const policy = answer.headers.get('content-security-policy');
  assert.match(policy, /^default-src 'none'; /);
  assert.doesNotMatch(policy, /unsafe/);
  assert.doesNotMatch(answer.text, /<script>|<style|\son\w+=|\{\{/);
}

// A page with a form, and what proves that its form was sent from it.
async function formOf(path) {
  const page = await get(path);
  isPage(page);
  const csrftoken = page.cookies.csrftoken.value;
  assert.equal(valueOf(page, 'csrfmiddlewaretoken'), csrftoken);
  return { page, cookies: { csrftoken }, proof: { csrfmiddlewaretoken: csrftoken } };
}

async function signIn(login, password, fields = {}) {
  const { cookies, proof } = await formOf('/accounts/login/');
  return post('/accounts/login/', { login, password, ...fields, ...proof }, cookies);
}

const whoIs = async (cookies) => (await ask(base, 'GET', '/v1/accounts/me', undefined, { headers: cookieLine(cookies) })).json?.login;

test('S1 the home page has a link to sign in, and to sign out where a browser has a session', async () => {
  for (const path of ['/', '/api/auth/']) {
    const page = await get(path);
    isPage(page);
    assert.match(page.text, /href="\/accounts\/login\/"/);
    assert.doesNotMatch(page.text, /href="\/logout"/);
  }
  const sessionid = (await signIn('alice', 'password')).cookies.sessionid.value;
  const page = await get('/', { sessionid });
  assert.match(page.text, /href="\/logout"/);
  assert.doesNotMatch(page.text, /href="\/accounts\/login\/"/);
});

test('S1 a user of PARLEY_DEMO_USERS signs in by the page and has a session', async () => {
  const answer = await signIn('alice', 'password');
  assert.deepEqual([answer.status, answer.headers.get('location'), answer.text], [302, '/', '']);
  assert.ok(answer.cookies.sessionid.attributes.has('httponly'));
  assert.equal(await whoIs({ sessionid: answer.cookies.sessionid.value }), 'alice');
});

test('signing in leads to a path of this host, and to no other host', async () => {
  const page = await get('/accounts/login/?next=/api/google-callback/');
  assert.equal(valueOf(page, 'next'), '/api/google-callback/');
  for (const [next, place] of [
    ['/chat/lobby/', '/chat/lobby/'],
    ['//evil.example/', '/'],
    ['/\\evil.example/', '/'],
    ['https://evil.example/', '/'],
    ['/\t/evil.example', '/'],
    ['/a\r\nX-Bad: 1', '/'],
  ]) {
    const answer = await signIn('bob', 'password', { next });
    assert.deepEqual([answer.status, answer.headers.get('location'), answer.headers.get('x-bad')], [302, place, null]);
    // Line ends in a path or query are no HTTP to the edge.
    if (!next.includes('\n')) assert.equal(valueOf(await get(`/accounts/login/?next=${encodeURIComponent(next)}`), 'next'), place);
  }
});

test('a form that is refused is shown again with what was typed, but for the password', async () => {
  const name = `<b>"${fresh('x')}'&`;
  const wrong = await signIn(name, 'not the password', { next: '/chat/' });
  isPage(wrong, 403);
  assert.match(wrong.text, /role="alert">Name and password do not belong together/);
  assert.ok(wrong.text.includes(`value="${name.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')}"`));
  assert.equal(valueOf(wrong, 'next'), '/chat/');
  assert.doesNotMatch(wrong.text, /not the password/);
  assert.deepEqual(Object.keys(wrong.cookies), []);
  isPage(await signIn('alice', ''), 400);
  isPage(await signIn('x'.repeat(2000), 'password'), 400);
});

test('a form without the proof, with a wrong one, or from elsewhere is refused and signs nobody in', async () => {
  const { cookies, proof } = await formOf('/accounts/login/');
  const fields = { login: 'alice', password: 'password' };
  const other = 'a'.repeat(32);
  for (const [sent, kept, headers] of [
    [fields, {}, {}],
    [fields, cookies, {}],
    [{ ...fields, ...proof }, {}, {}],
    [{ ...fields, ...proof }, { csrftoken: other }, {}],
    [{ ...fields, csrfmiddlewaretoken: other }, cookies, {}],
    [{ ...fields, csrfmiddlewaretoken: '' }, { csrftoken: '' }, {}],
    [{ ...fields, ...proof }, cookies, { origin: 'https://evil.example' }],
    [{ ...fields, ...proof }, cookies, { referer: 'https://evil.example/page' }],
  ]) {
    const answer = await post('/accounts/login/', sent, kept, headers);
    isPage(answer, 403);
    assert.equal(answer.cookies.sessionid, undefined);
    assert.match(answer.text, /name="login" value="alice"/);
  }
  assert.equal((await post('/accounts/login/', fields, cookies, { 'x-csrftoken': cookies.csrftoken })).status, 302);
  assert.equal((await post('/accounts/login/', { ...fields, ...proof }, cookies, { origin: base })).status, 302);
});

test('a page does not set another proof than the browser has, so that two tabs do not spoil each other', async () => {
  const { cookies } = await formOf('/chat/');
  const again = await get('/chat/', cookies);
  assert.equal(valueOf(again, 'csrfmiddlewaretoken'), cookies.csrftoken);
  assert.deepEqual(again.cookies, {});
});

test('S1-23 the name of a room leads to its page, which opens its socket', async () => {
  const { cookies, proof } = await formOf('/chat/');
  const answer = await post('/chat/', { room_name: 'room2', ...proof }, cookies);
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, '/chat/room2/']);
  const page = await get('/chat/room2/');
  isPage(page);
  assert.match(page.text, /"\/ws\/chat\/room2\/"/);
  const slashless = await get('/chat/room2');
  assert.deepEqual([slashless.status, slashless.headers.get('location')], [301, '/chat/room2/']);
});

test('S1-23 a room is named with the proof of the page alone, and by a name that a room can have', async () => {
  const { cookies, proof } = await formOf('/chat/');
  isPage(await post('/chat/', { room_name: 'room2' }), 403);
  isPage(await post('/chat/', { room_name: 'room2' }, cookies), 403);
  for (const name of ['', 'two words', 'a/b', 'a"><i>', 'x'.repeat(101)]) {
    const answer = await post('/chat/', { room_name: name, ...proof }, cookies);
    isPage(answer, 400);
    assert.match(answer.text, /role="alert"/);
    assert.doesNotMatch(answer.text, /<i>/);
  }
  assert.equal((await post('/chat/', { room_name: ` ${'x'.repeat(100)} `, ...proof }, cookies)).status, 302);
  for (const path of ['/chat/a.b/', '/chat/%3Ci%3E/', `/chat/${'x'.repeat(101)}/`]) {
    const answer = await get(path);
    isPage(answer, 404);
    assert.doesNotMatch(answer.text, /<i>/);
  }
});

test('S1-25 signing out leads to the beginning, and the session is gone', async () => {
  const sessionid = (await signIn('alice', 'password')).cookies.sessionid.value;
  const other = (await signIn('alice', 'password')).cookies.sessionid.value;
  const out = await get('/logout', { sessionid });
  assert.deepEqual([out.status, out.headers.get('location')], [302, '/']);
  for (const name of ['sessionid', 'csrftoken']) assert.deepEqual([out.cookies[name].value, out.cookies[name].attributes.get('max-age')], ['', '0']);
  assert.equal(await whoIs({ sessionid }), undefined);
  assert.equal(await whoIs({ sessionid: other }), 'alice');
  for (const cookies of [{}, { sessionid }, { sessionid: 'x'.repeat(32) }]) {
    const again = await get('/logout', cookies);
    assert.deepEqual([again.status, again.headers.get('location')], [302, '/']);
  }
});

test('S5-11 the four pages are HTML, and all that they load is there and may be kept for ever', async () => {
  const seen = new Set();
  for (const path of ['/ui/login/', '/ui/register/', '/ui/rooms/', '/ui/room/7/', '/chat/lobby/']) {
    const page = await get(path);
    isPage(page);
    for (const [, file] of page.text.matchAll(/(?:src|href)="(\/pages\/[^"]*)"/g)) seen.add(file);
  }
  assert.ok(seen.size >= 7);
  for (const file of seen) {
    const part = await ask(base, 'GET', file);
    assert.equal(part.status, 200, file);
    assert.match(part.headers.get('cache-control'), /immutable/);
    assert.equal(part.headers.get('x-content-type-options'), 'nosniff');
    for (const [, name] of part.text.matchAll(/from '\.\/([^']*)'/g)) {
      const beside = file.replace(/[^/]*$/, name);
      assert.equal((await ask(base, 'GET', beside)).status, 200, `${beside} of ${file}`);
    }
    const known = await ask(base, 'GET', file, undefined, { headers: { 'if-none-match': part.headers.get('etag') } });
    assert.equal(known.status, 304);
    assert.equal((await ask(base, 'GET', file.replace(/[0-9a-f]{16}/, '0'.repeat(16)))).status, 404);
  }
  assert.match((await get('/ui/room/7/')).text, /"\/ws\/chat\/7\/"/);
  assert.equal((await get('/ui/room/seven/')).status, 404);
});

test('lines that come while those before them are read are shown once', async () => {
  const [, feed] = (await get('/chat/lobby/')).text.match(/src="(\/pages\/[0-9a-f]+\/)room\.js"/);
  const { text } = await ask(base, 'GET', `${feed}feed.js`);
  const { overlap } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
  const over = (before, after) => overlap([...before], [...after], (a, b) => a === b);
  for (const [before, after, wanted] of [
    ['', '', 0],
    ['abc', '', 0],
    ['', 'abc', 0],
    ['abc', 'def', 0],
    ['abc', 'cde', 1],
    ['abc', 'bcde', 2],
    ['abc', 'abc', 3],
    ['bc', 'abc', 0],
    ['aaa', 'aab', 2],
    ['abab', 'abab', 4],
    ['xabab', 'ababab', 4],
  ])
    assert.equal(over(before, after), wanted, `${before} then ${after}`);
});

test('a wrong method on a page is told, and tries to sign in are limited', async () => {
  const wrong = await post('/ui/login/', {});
  isPage(wrong, 405);
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD, OPTIONS');
  const own = await Cluster.start({ env: { PARLEY_RATE_LIMITS: 'on' } });
  try {
    const answers = [];
    for (let i = 0; i < 14; i++) answers.push(await ask(own.url(), 'POST', '/accounts/login/', { login: 'a', password: 'b' }, { way: 'form', headers: html }));
    const last = answers.at(-1);
    isPage(last, 429);
    assert.ok(last.headers.get('retry-after'));
    assert.match(last.text, /role="alert">Too many tries/);
  } finally {
    await own.destroy();
  }
});
