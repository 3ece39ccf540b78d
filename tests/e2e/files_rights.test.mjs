// files_rights - who may see a file: its owner, and members of the rooms it was posted in for as long as they are members; pictures
// of accounts, which everybody may see; and what goes when files, rooms and accounts go.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import { call, must, person, roomOf } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { Socket, shown } from './lib/credentials.mjs';
import { ask, compare, contentOf, contentPath, create, folderOf, put, usage } from './lib/files.mjs';
import { historyOf } from './lib/history.mjs';

const MiB = 1024 * 1024;
const goneMs = 60000;

let cluster;
let base;
before(async () => {
  cluster = await Cluster.start({ gateways: 2, env: { PARLEY_SWEEP_INTERVAL: '1s', PARLEY_WALK_INTERVAL: '1s', PARLEY_WALK_AGE: '3s', PARLEY_AVATAR_MAX: '256KiB', PARLEY_AVATAR_PIXELS: '1000000' } });
  base = cluster.url(0);
});
after(() => cluster?.destroy());

const people = (...names) => Promise.all(names.map((name) => person(base, name)));
const post = (who, room, fields) => call(base, 'POST', `/v1/rooms/${room.id}/messages`, { token: who.access, body: { send_id: randomUUID(), body: '', ...fields } });
const shape = ({ id, name, type, size }) => ({ file: id, name, type, size });

// What somebody is told who asks for a file: statuses of its description and its content.
async function seenBy(who, file) {
  const told = [await ask(base, 'GET', `/v1/drive/files/${file.id}`, { token: who.access }), await ask(cluster.url(1), 'GET', contentPath(file), { token: who.access })];
  return told.map((answer) => answer.status);
}

async function listener(who, room) {
  const socket = new Socket(cluster.ws(1), { headers: shown({ kind: 'session', secret: who.access }) });
  assert.equal(await socket.opened, 101);
  await socket.ask('subscribe', { room: room.id, since: 0 });
  return socket;
}

// ---- in rooms ---------------------------------------------------------------------------------------------------------------

test('a file is for its owner alone until it is posted; then for members of that room, as long as they are', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const room = await roomOf(base, [ann, bob]);
  const file = await put(base, ann.access, 'secret.txt', 'for members');
  assert.deepEqual([await seenBy(ann, file), await seenBy(bob, file), await seenBy(eve, file)], [[200, 200], [404, 404], [404, 404]]);
  assert.equal((await ask(base, 'GET', contentPath(file))).status, 401);
  assert.equal((await post(ann, room, { body: 'look', attachments: [file.id] })).status, 201);
  assert.deepEqual([await seenBy(bob, file), await seenBy(eve, file)], [[200, 200], [404, 404]]);
  await must(base, 'POST', `/v1/rooms/${room.id}/join`, { token: eve.access, body: {} });
  assert.deepEqual(await seenBy(eve, file), [200, 200]);
  await must(base, 'POST', `/v1/rooms/${room.id}/leave`, { token: bob.access, body: {} });
  assert.deepEqual(await seenBy(bob, file), [404, 404]);
  assert.equal((await call(base, 'DELETE', `/v1/rooms/${room.id}/members/${eve.id}`, { token: ann.access })).status, 204);
  assert.deepEqual(await seenBy(eve, file), [404, 404]);
  assert.deepEqual(await seenBy(ann, file), [200, 200]);
});

test('by REST alone files are posted, listed and read byte by byte; who is no member finds none of it', async () => {
  const [ann, bob, eve] = await people('ann', 'bob', 'eve');
  const room = await must(base, 'POST', '/v1/rooms', { token: ann.access, body: { name: 'closed', kind: 'group', members: [bob.id] } });
  const seeds = [randomUUID(), randomUUID(), randomUUID()];
  const files = await Promise.all(seeds.map((seed, i) => put(base, ann.access, `${i}.bin`, contentOf(seed, 0, 1000 + i))));
  const sent = [await post(ann, room, { body: 'two', attachments: [files[1].id, files[0].id] }), await post(ann, room, { attachments: [files[2].id] }), await post(ann, room, { body: 'none' })];
  assert.deepEqual(sent.map((answer) => answer.status), [201, 201, 201]);
  for (const who of [ann, bob]) {
    const { items } = await must(cluster.url(1), 'GET', `/v1/rooms/${room.id}/messages`, { token: who.access });
    const listed = items.filter((item) => item.kind === 'message');
    assert.deepEqual(listed.map((item) => [item.seq, item.body, item.attachments ?? []]), [
      [sent[0].json.seq, 'two', [shape(files[1]), shape(files[0])]],
      [sent[1].json.seq, '', [shape(files[2])]],
      [sent[2].json.seq, 'none', []],
    ]);
    for (const [i, file] of files.entries()) assert.equal(await compare(cluster.url(1), who.access, file, seeds[i]), 1000 + i);
  }
  assert.equal((await call(base, 'GET', `/v1/rooms/${room.id}/messages`, { token: eve.access })).status, 404);
  for (const file of files) assert.deepEqual(await seenBy(eve, file), [404, 404]);
  assert.equal((await post(eve, room, { attachments: [files[0].id] })).status, 404);
});

test('files ride on messages: in live frames, in history, in sync, the same everywhere', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const room = await roomOf(base, [ann, bob]);
  const files = [await put(base, ann.access, 'one.txt', 'one'), await put(base, ann.access, 'two.bin', contentOf('two', 0, 5000))];
  const wanted = files.map(shape);
  const [socket, sender] = [await listener(bob, room), await listener(ann, room)];
  const sent = await sender.ask('send', { room: room.id, send_id: randomUUID(), body: 'both', attachments: files.map((file) => file.id) });
  assert.ok(sent.ok, JSON.stringify(sent));
  const bare = await post(ann, room, { attachments: [files[0].id] });
  assert.equal(bare.status, 201);
  const frames = await until('both are delivered', () => {
    const heard = socket.heard.filter((frame) => frame.ev === 'message');
    return heard.length === 2 && heard;
  });
  const items = (await historyOf(base, bob.access, room.id)).filter((item) => item.kind === 'message');
  const snapshot = await must(base, 'GET', `/v1/sync?rooms=${room.id}&limit=10`, { token: bob.access });
  const synced = snapshot.rooms[0].items.filter((item) => item.kind === 'message');
  for (const list of [frames, items, synced]) assert.deepEqual(list.map((item) => item.attachments), [wanted, [wanted[0]]]);
  const late = await listener(bob, room);
  await until('a replay has them too', () => late.heard.filter((frame) => frame.ev === 'message').length === 2);
  assert.deepEqual(late.heard.filter((frame) => frame.ev === 'message').map((frame) => frame.attachments), [wanted, [wanted[0]]]);
  for (const one of [socket, sender, late]) one.close();
});

test('a message has a body or files; files are the sender\'s own, ten at most, and part of what a send_id stands for', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const room = await roomOf(base, [ann, bob]);
  const [mine, his] = [await put(base, ann.access, 'mine', 'mine'), await put(base, bob.access, 'his', 'his')];
  assert.equal((await post(ann, room, {})).status, 422);
  assert.equal((await post(ann, room, { attachments: [] })).status, 422);
  const foreign = await post(ann, room, { attachments: [mine.id, his.id] });
  assert.equal(foreign.status, 404);
  assert.match(foreign.text, /attachments\.1/);
  const socket = await listener(ann, room);
  const told = await socket.ask('send', { room: room.id, send_id: randomUUID(), body: 'x', attachments: [mine.id, his.id] });
  assert.deepEqual([told.error?.code, /attachments\.1/.test(told.error?.detail)], ['not_found', true]);
  socket.close();
  assert.equal((await post(ann, room, { attachments: ['1'] })).status, 404);
  assert.ok([400, 422].includes((await post(ann, room, { attachments: Array(11).fill(mine.id) })).status));
  const send_id = randomUUID();
  const first = await post(ann, room, { send_id, body: 'x', attachments: [mine.id] });
  assert.equal(first.status, 201);
  const again = await post(ann, room, { send_id, body: 'x', attachments: [mine.id] });
  assert.deepEqual([again.status, again.json.seq], [200, first.json.seq]);
  assert.equal((await post(ann, room, { send_id, body: 'x' })).status, 409);
  const other = await put(base, ann.access, 'other', 'other');
  assert.equal((await post(ann, room, { send_id, body: 'x', attachments: [other.id] })).status, 409);
});

test('a deleted file can not be read any more by anybody; the message still says what it was', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const room = await roomOf(base, [ann, bob]);
  const file = await put(base, ann.access, 'short-lived.txt', 'soon gone');
  await post(ann, room, { attachments: [file.id] });
  assert.equal((await call(base, 'DELETE', `/v1/drive/files/${file.id}`, { token: bob.access })).status, 404);
  assert.equal((await call(base, 'DELETE', `/v1/drive/files/${file.id}`, { token: ann.access })).status, 204);
  assert.deepEqual([await seenBy(ann, file), await seenBy(bob, file)], [[404, 404], [404, 404]]);
  const item = (await historyOf(base, bob.access, room.id)).at(-1);
  assert.deepEqual(item.attachments, [shape(file)]);
});

// ---- pictures -----------------------------------------------------------------------------------------------------------------

function chunk(type, data) {
  const all = Buffer.alloc(12 + data.length);
  all.writeUInt32BE(data.length, 0);
  all.write(type, 4, 'latin1');
  data.copy(all, 8);
  let crc = ~0;
  for (const byte of all.subarray(4, 8 + data.length)) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  all.writeUInt32BE(~crc >>> 0, 8 + data.length);
  return all;
}

// A grey PNG that says it is so large.
function pngOf(width, height, rows = height) {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head[8] = 8;
  const data = deflateSync(Buffer.alloc(rows * (1 + width)));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

const setPicture = (who, bytes, type = 'image/png') => ask(base, 'PUT', '/v1/accounts/me/avatar', { token: who.access, body: bytes, headers: { 'content-type': type } });

test('a picture is seen by everybody under a name that changes with it', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const [small, large] = [pngOf(10, 10), pngOf(100, 50)];
  const set = await setPicture(ann, small);
  assert.ok([200, 201, 204].includes(set.status), `${set.status} ${set.body}`);
  const path = (await must(base, 'GET', `/v1/accounts/${ann.id}`, { token: bob.access })).avatar;
  assert.match(path, /^\/v1\/avatars\/[0-9a-f-]{36}$/);
  const seen = await ask(cluster.url(1), 'GET', path);
  assert.deepEqual([seen.status, seen.headers['content-type'], seen.headers['x-content-type-options']], [200, 'image/png', 'nosniff']);
  assert.match(seen.headers['cache-control'], /public.*immutable/);
  assert.ok(seen.body.equals(small));
  assert.equal((await ask(base, 'GET', path, { headers: { 'if-none-match': seen.headers.etag } })).status, 304);
  const form = Buffer.concat([Buffer.from('--b\r\nContent-Disposition: form-data; name="avatar"; filename="me.png"\r\nContent-Type: image/png\r\n\r\n'), large, Buffer.from('\r\n--b--\r\n')]);
  const again = await setPicture(ann, form, 'multipart/form-data; boundary=b');
  assert.ok([200, 201, 204].includes(again.status), `${again.status} ${again.body}`);
  const other = (await must(base, 'GET', '/v1/accounts/me', { token: ann.access })).avatar;
  assert.notEqual(other, path);
  assert.ok((await ask(base, 'GET', other)).body.equals(large));
  assert.equal((await ask(base, 'GET', path)).status, 404);
  assert.equal((await call(base, 'DELETE', '/v1/accounts/me/avatar', { token: ann.access })).status, 204);
  assert.equal((await must(base, 'GET', '/v1/accounts/me', { token: ann.access })).avatar ?? null, null);
  assert.equal((await ask(base, 'GET', other)).status, 404);
  assert.equal((await ask(base, 'GET', `/v1/avatars/${randomUUID()}`)).status, 404);
});

test('what is no picture, too large, or of too many pixels is refused and leaves the old one', async () => {
  const [ann] = await people('ann');
  await setPicture(ann, pngOf(10, 10));
  const { avatar } = await must(base, 'GET', '/v1/accounts/me', { token: ann.access });
  const refused = [
    [415, Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    [415, Buffer.from('<html></html>')],
    [415, contentOf('no picture', 0, 1000)],
    [415, Buffer.alloc(0)],
    [413, Buffer.concat([pngOf(10, 10), Buffer.alloc(256 * 1024)])],
    [413, pngOf(2000, 1000, 1)],
    [413, pngOf(65535, 65535, 1)],
    [415, pngOf(0, 10, 1)],
  ];
  for (const [status, bytes] of refused) {
    const answer = await setPicture(ann, bytes);
    assert.equal(answer.status, status, `${bytes.subarray(0, 24).toString('latin1')}: ${answer.status} ${answer.body}`);
  }
  assert.equal((await must(base, 'GET', '/v1/accounts/me', { token: ann.access })).avatar, avatar);
  assert.equal((await ask(base, 'GET', avatar)).status, 200);
});

// ---- what goes ------------------------------------------------------------------------------------------------------------------

test('the bytes of two equal files are kept once, and until the last of them is deleted', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const bytes = contentOf(randomUUID(), 0, MiB);
  const files = [await put(base, ann.access, 'a', bytes), await put(base, bob.access, 'b', bytes)];
  const kept = () => folderOf(cluster).blobs.filter((name) => name.startsWith(files[0].sha256)).length;
  assert.equal(kept(), 1);
  await must(base, 'DELETE', `/v1/drive/files/${files[0].id}`, { token: ann.access });
  assert.ok((await ask(base, 'GET', contentPath(files[1]), { token: bob.access })).body.equals(bytes));
  await must(base, 'DELETE', `/v1/drive/files/${files[1].id}`, { token: bob.access });
  await until('the bytes are gone', () => kept() === 0, goneMs);
  const third = await put(base, ann.access, 'c', bytes);
  assert.ok((await ask(base, 'GET', contentPath(third), { token: ann.access })).body.equals(bytes));
});

test('with an account its files, uploads and picture go, also for those who could see them, and with a room what was for it', async () => {
  const [ann, bob] = await people('ann', 'bob');
  const room = await roomOf(base, [bob, ann]);
  const file = await put(base, ann.access, 'goes', contentOf(randomUUID(), 0, 1000));
  const his = await put(base, bob.access, 'stays', contentOf(randomUUID(), 0, 1000));
  await post(ann, room, { attachments: [file.id] });
  await post(bob, room, { attachments: [his.id] });
  await setPicture(ann, pngOf(12, 12));
  const { avatar } = await must(base, 'GET', '/v1/accounts/me', { token: ann.access });
  const { headers } = await create(base, ann.access, { name: 'x', length: 5, headers: { 'content-type': 'application/offset+octet-stream' }, body: 'abc' });
  assert.ok(headers.location);
  assert.ok(folderOf(cluster).uploads.length > 0);
  await must(base, 'DELETE', '/v1/accounts/me', { token: ann.access, body: { password: ann.password } });
  await until('nobody reads the file any more', async () => (await seenBy(bob, file)).every((status) => status === 404), goneMs);
  await until('nobody sees the picture any more', async () => (await ask(base, 'GET', avatar)).status === 404, goneMs);
  await until('its bytes are gone', () => !folderOf(cluster).blobs.some((name) => name.startsWith(file.sha256)) && folderOf(cluster).uploads.length === 0, goneMs);
  await must(base, 'DELETE', `/v1/rooms/${room.id}`, { token: bob.access });
  assert.deepEqual(await seenBy(bob, his), [200, 200]);
  assert.deepEqual([(await usage(base, bob.access)).files, (await usage(base, bob.access)).used], [1, 1000]);
});
