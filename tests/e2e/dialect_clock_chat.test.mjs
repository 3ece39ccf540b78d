// dialect_clock_chat - groups that tell the time, over HTTP; each test is a row of the contract.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { must } from './lib/api.mjs';
import { Cluster } from './lib/cluster.mjs';
import { ask, fresh, writings } from './lib/dialect.mjs';

const notGiven = { detail: 'Authentication credentials were not provided.' };
const invalid = (message) => ({
  detail: 'Given token not valid for any token type',
  code: 'token_not_valid',
  messages: [{ token_class: 'AccessToken', token_type: 'access', message }],
});
const malformed = { detail: 'Authorization header must contain two space-delimited values', code: 'bad_authorization_header' };
const notOnesOwn = { error: 'Group not found or you are not the creator' };

let cluster;
let base;
before(async () => {
  cluster = await Cluster.start();
  base = cluster.url();
});
after(() => cluster?.destroy());

// Somebody who is signed in: { username, access, refresh }.
async function someone() {
  const who = { name: 'Some One', username: fresh('some'), password: 'x' };
  await must(base, 'POST', '/api/register/', { body: who });
  return { ...who, ...(await must(base, 'POST', '/api/token/', { body: { username: who.username, password: who.password } })) };
}

const start = (who, body, more = {}) => ask(base, 'POST', '/api/start-chat/', body, { as: `Bearer ${who.access}`, ...more });
const tell = (who, query, more = {}) => ask(base, 'GET', `/api/send-test-message/${query}`, undefined, { as: `Bearer ${who.access}`, ...more });

const seconds = (clock) => clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

test('S4-10 starting a chat gives a group of its own, where its WebSocket is by the host asked, and a greeting with name and time', async () => {
  const who = await someone();
  const answer = await start(who);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(Object.keys(answer.json), ['group_name', 'websocket_url', 'message']);
  const { group_name: group, websocket_url: url, message } = answer.json;
  assert.match(group, /^chat_[0-9a-f]{8}$/);
  assert.equal(url, `${base.replace('http', 'ws')}/ws/chat/${group}/`);
  const said = /^سلام (\S+) الان ساعت (\d\d:\d\d:\d\d) است$/.exec(message);
  assert.ok(said, message);
  assert.equal(said[1], who.username);
  const apart = Math.abs(seconds(new Date().toISOString().slice(11, 19)) - seconds(said[2]));
  assert.ok(Math.min(apart, 86400 - apart) <= 10, `${said[2]} is not now`);
  assert.notEqual((await start(who)).json.group_name, group);
});

test('S4-10 the body of starting a chat may be written in any way, and says nothing', async () => {
  const who = await someone();
  for (const way of Object.keys(writings)) assert.equal((await start(who, { group_name: 'mine' }, { way })).status, 200, way);
  const bad = await start(who, '{bad');
  assert.equal(bad.status, 400);
  assert.match(bad.json.detail, /^JSON parse error - /);
  const text = await start(who, 'x', { headers: { 'content-type': 'text/plain' } });
  assert.deepEqual([text.status, text.json], [415, { detail: 'Unsupported media type "text/plain" in request.' }]);
});

test('S4-10 the same Idempotency-Key again gives the same group', async () => {
  const who = await someone();
  const headers = { 'idempotency-key': fresh('key') };
  assert.equal((await start(who, {}, { headers })).json.group_name, (await start(who, {}, { headers })).json.group_name);
});

test('S4-11 starting a chat without a token, or with one that is none, is 401 in the words of the library', async () => {
  const { refresh } = await someone();
  const told = async (as) => {
    const answer = await ask(base, 'POST', '/api/start-chat/', undefined, { as });
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="api"');
    return [answer.status, answer.json];
  };
  assert.deepEqual(await told(undefined), [401, notGiven]);
  assert.deepEqual(await told('Bearer a.b.c'), [401, invalid('Token is invalid or expired')]);
  assert.deepEqual(await told(`Bearer ${refresh}`), [401, invalid('Token has wrong type')]);
  assert.deepEqual(await told('Bearer'), [401, malformed]);
  assert.deepEqual(await told('Bearer a b'), [401, malformed]);
});

test('S4-17 telling a group the time needs a name, and the group to be of one\'s own', async () => {
  const [who, stranger] = [await someone(), await someone()];
  const { group_name: group } = (await start(who)).json;
  const told = async (...args) => {
    const answer = await tell(...args);
    return [answer.status, answer.json];
  };
  for (const query of ['', '?group_name=', '?group=x']) assert.deepEqual(await told(who, query), [400, { error: 'group_name is required' }]);
  for (const name of ['chat_00000000', 'x', 'x'.repeat(200), '%D8%A7'])
    assert.deepEqual(await told(who, `?group_name=${name}`), [400, notOnesOwn], name);
  assert.deepEqual(await told(stranger, `?group_name=${group}`), [400, notOnesOwn]);
  assert.deepEqual(await told(who, `?group_name=${group}`), [200, { message: 'Test message sent to WebSocket group' }]);
  assert.deepEqual(await told(who, `?group_name=${group}&group_name=x`), [400, notOnesOwn], 'the last counts');
  assert.deepEqual(await told({ access: 'x' }, `?group_name=${group}`), [401, invalid('Token is invalid or expired')]);
});

test('S4-17 rooms of other kinds are no groups, and groups are no rooms of other kinds', async () => {
  const who = await someone();
  const { group_name: group } = (await start(who)).json;
  const native = await must(base, 'POST', '/v1/rooms', { token: who.access, body: { name: group, kind: 'group' } });
  assert.equal((await tell(who, `?group_name=${native.id}`)).status, 400);
  const rooms = await must(base, 'GET', '/v1/rooms', { token: who.access });
  const made = rooms.items.find((room) => room.id !== native.id);
  assert.equal((await ask(base, 'GET', `/rooms/${made.id}/`, undefined, { as: `Bearer ${who.access}` })).status, 404);
});

test('S4-18 the cookie `access` is for WebSockets alone', async () => {
  const { access } = await someone();
  for (const [method, path] of [
    ['POST', '/api/start-chat/'],
    ['GET', '/api/send-test-message/?group_name=chat_00000000'],
  ]) {
    const answer = await ask(base, method, path, undefined, { headers: { cookie: `access=${access}` } });
    assert.deepEqual([answer.status, answer.json], [401, notGiven]);
  }
});

test('other methods are refused, and a GET without the final slash is sent on', async () => {
  const who = await someone();
  const get = await ask(base, 'GET', '/api/start-chat/', undefined, { as: `Bearer ${who.access}` });
  assert.deepEqual([get.status, get.json, get.headers.get('allow')], [405, { detail: 'Method "GET" not allowed.' }, 'POST, OPTIONS']);
  const post = await ask(base, 'POST', '/api/send-test-message/', {}, { as: `Bearer ${who.access}` });
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD, OPTIONS']);
  const moved = await ask(base, 'GET', '/api/send-test-message?group_name=a');
  assert.deepEqual([moved.status, moved.headers.get('location')], [301, '/api/send-test-message/?group_name=a']);
  assert.equal((await ask(base, 'POST', '/api/start-chat', undefined, { as: `Bearer ${who.access}` })).status, 200);
});
