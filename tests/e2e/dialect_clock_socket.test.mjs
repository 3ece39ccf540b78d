// dialect_clock_socket - the sockets of groups that tell the time; each test is a row of the contract.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { must } from './lib/api.mjs';
import { Cluster } from './lib/cluster.mjs';
import { cookiesOf } from './lib/credentials.mjs';
import { ask, fresh } from './lib/dialect.mjs';
import { Speaker } from './lib/speaker.mjs';

const apartMax = 10; // seconds between the clock of the test and the one that is told

let cluster;
let base;
let beside; // another gateway
before(async () => {
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_ACCESS_TTL: '1h' } });
  base = cluster.url(0);
  beside = cluster.url(1);
});
after(() => cluster?.destroy());

// Somebody who is signed in: { username, access, refresh, cookie }.
async function someone(username = fresh('some')) {
  const who = { name: 'Some One', username, password: 'x' };
  await must(base, 'POST', '/api/register/', { body: who });
  const answer = await ask(base, 'POST', '/api/token/', { username, password: 'x' });
  assert.equal(answer.status, 200, answer.text);
  const cookie = cookiesOf(answer).access.value;
  assert.equal(cookie, answer.json.access);
  return { username, ...answer.json, cookie: `access=${cookie}` };
}

const start = async (who) => (await must(base, 'POST', '/api/start-chat/', { token: who.access, body: {} })).group_name;
const enter = (group, who, at = base) => Speaker.open(at, `${group}/`, { headers: { cookie: who.cookie } });

async function haveTold(who, group, at = base) {
  const answer = await ask(at, 'GET', `/api/send-test-message/?group_name=${group}`, undefined, { as: `Bearer ${who.access}` });
  assert.deepEqual([answer.status, answer.json], [200, { message: 'Test message sent to WebSocket group' }]);
}

const seconds = (clock) => clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

// The next frame is this text and the time it is, UTC.
async function assertTold(socket, text) {
  const frame = await socket.next();
  assert.deepEqual(Object.keys(frame), ['type', 'message']);
  assert.equal(frame.type, 'chat_message');
  assert.equal(frame.message.slice(0, -8), text);
  assert.match(frame.message.slice(-8), /^\d\d:\d\d:\d\d$/);
  const apart = Math.abs(seconds(new Date().toISOString().slice(11, 19)) - seconds(frame.message.slice(-8)));
  assert.ok(Math.min(apart, 86400 - apart) <= apartMax, `${frame.message} is not now`);
}

const assertGreeted = (socket, who) => assertTold(socket, `hi ${who.username} now is `);

test('S4-12 with the cookie the socket opens, and greets by name and time, once', async () => {
  const [maker, guest] = [await someone(), await someone('تست' + fresh('some'))];
  const group = await start(maker);
  for (const who of [maker, guest]) {
    const socket = await enter(group, who);
    await assertGreeted(socket, who);
    assert.deepEqual(await socket.rest(), []);
    socket.close();
  }
});

test('S4-13 without a cookie, or with a bad, expired or refresh token in it, it is 403', async () => {
  const who = await someone();
  const group = await start(who);
  for (const cookie of [undefined, 'access=', 'access=nonsense', `access=${who.refresh}`, `access=${who.access.slice(0, -2)}`, `other=${who.access}`])
    assert.equal(await Speaker.refused(base, `${group}/`, { headers: cookie ? { cookie } : {} }), 403, cookie);
  const [head, body, signature] = who.access.split('.');
  const claims = { ...JSON.parse(Buffer.from(body, 'base64url')), exp: Math.floor(Date.now() / 1000) - 60 };
  const forged = [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  assert.equal(await Speaker.refused(base, `${group}/`, { headers: { cookie: `access=${forged}` } }), 403);
});

test('S4-13 a token that has expired is 403', async () => {
  const own = await Cluster.start({ env: { PARLEY_ACCESS_TTL: '5s' } });
  try {
    const body = { name: 'Some One', username: 'some', password: 'x' };
    await must(own.url(), 'POST', '/api/register/', { body });
    const { access } = await must(own.url(), 'POST', '/api/token/', { body });
    const group = (await must(own.url(), 'POST', '/api/start-chat/', { token: access, body: {} })).group_name;
    const socket = await Speaker.open(own.url(), `${group}/`, { headers: { cookie: `access=${access}` } });
    assert.equal(await socket.closed(20000), 4401);
    assert.equal(await Speaker.refused(own.url(), `${group}/`, { headers: { cookie: `access=${access}` } }), 403);
  } finally {
    await own.destroy();
  }
});

test('S4-14 whoever sends anything is told the time, and nobody else', async () => {
  const [maker, guest] = [await someone(), await someone()];
  const group = await start(maker);
  const [own, other] = await Promise.all([enter(group, maker), enter(group, guest)]);
  await assertGreeted(own, maker);
  await assertGreeted(other, guest);
  for (const text of ['{"message":"test"}', 'no JSON', '', '[]', 'x'.repeat(60000)]) {
    own.send(text);
    await assertTold(own, 'now is ');
  }
  assert.deepEqual(await own.rest(), []);
  assert.deepEqual(await other.rest(), []);
  own.close();
  other.close();
});

test('S4-14 what is sent before the greeting is answered behind it, and binary is an error', async () => {
  const who = await someone();
  const group = await start(who);
  const socket = await enter(group, who);
  for (let i = 0; i < 3; i++) socket.send('early');
  await assertGreeted(socket, who);
  for (let i = 0; i < 3; i++) await assertTold(socket, 'now is ');
  socket.send(Buffer.from('binary'));
  assert.deepEqual(Object.keys(await socket.next()), ['error']);
  socket.send('still here');
  await assertTold(socket, 'now is ');
  socket.close();
});

test('S4-15 when the group is told each socket hears its own name and the time, at any gateway, and no other group does', async () => {
  const [maker, guest] = [await someone(), await someone()];
  const [group, other] = [await start(maker), await start(maker)];
  const sockets = await Promise.all([enter(group, maker), enter(group, guest), enter(group, guest, beside)]);
  const elsewhere = await enter(other, maker);
  const names = [maker, guest, guest];
  for (const [i, socket] of sockets.entries()) await assertGreeted(socket, names[i]);
  await assertGreeted(elsewhere, maker);
  for (const at of [base, beside]) {
    await haveTold(maker, group, at);
    for (const [i, socket] of sockets.entries()) await assertTold(socket, `${names[i].username} now is `);
  }
  for (const socket of [...sockets, elsewhere]) {
    assert.deepEqual(await socket.rest(), []);
    socket.close();
  }
});

test('S4-15 what is told right after the greeting is never missed, in no group and at no gateway', async () => {
  const maker = await someone();
  const one = async (i) => {
    const group = await start(maker);
    const [at, by] = i % 2 ? [base, beside] : [beside, base];
    const socket = await enter(group, maker, at);
    await assertGreeted(socket, maker);
    await haveTold(maker, group, by);
    await assertTold(socket, `${maker.username} now is `);
    socket.close();
  };
  for (let i = 0; i < 20; i++) await one(i);
  for (let turn = 0; turn < 4; turn++) await Promise.all(Array.from({ length: 20 }, (_, i) => one(i)));
});

test('S4-16 a group that is not there is 403 for whoever is signed in, and is not made', async () => {
  const who = await someone();
  for (let i = 0; i < 2; i++) assert.equal(await Speaker.refused(base, 'chat_00000000/', { headers: { cookie: who.cookie } }), 403);
  assert.equal(await Speaker.refused(base, 'chat_0000000G/', { headers: { authorization: `Bearer ${who.access}` } }), 403);
});

test('S4-16 when the group is deleted its sockets close with 4404', async () => {
  const [maker, guest] = [await someone(), await someone()];
  const group = await start(maker);
  const [own, other] = await Promise.all([enter(group, maker), enter(group, guest)]);
  await assertGreeted(own, maker);
  await assertGreeted(other, guest);
  const { items } = await must(base, 'GET', '/v1/rooms', { token: maker.access });
  assert.equal(items.length, 1);
  await must(base, 'DELETE', `/v1/rooms/${items[0].id}`, { token: maker.access });
  assert.deepEqual(await Promise.all([own.closed(), other.closed()]), [4404, 4404]);
  assert.equal(await Speaker.refused(base, `${group}/`, { headers: { cookie: maker.cookie } }), 403);
});

test('S4-17 the maker alone has a group told, and after who has left nobody misses it', async () => {
  const [maker, guest] = [await someone(), await someone()];
  const group = await start(maker);
  const [first, second] = await Promise.all([enter(group, maker), enter(group, guest)]);
  await assertGreeted(first, maker);
  await assertGreeted(second, guest);
  const refused = await ask(base, 'GET', `/api/send-test-message/?group_name=${group}`, undefined, { as: `Bearer ${guest.access}` });
  assert.deepEqual([refused.status, refused.json], [400, { error: 'Group not found or you are not the creator' }]);
  first.close();
  await first.closed();
  await haveTold(maker, group);
  await assertTold(second, `${guest.username} now is `);
  assert.deepEqual(await second.rest(), []);
  second.close();
});
