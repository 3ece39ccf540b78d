// dialect_member - clients of rooms that belong to their members, with Knox tokens; each test is a row of the contract.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, until } from './lib/cluster.mjs';
import { Socket, basic, signIn } from './lib/credentials.mjs';
import { ask, fresh } from './lib/dialect.mjs';
import { Speaker } from './lib/speaker.mjs';

const required = ['This field is required.'];
const password = 'Tr0ub4dor and three';

let cluster;
let base;
before(async () => {
  cluster = await Cluster.start();
  base = cluster.url();
});
after(() => cluster?.destroy());

const register = (fields, options) => ask(base, 'POST', '/api/v1/accounts/user/create/', fields, options);
const login = (fields, options) => ask(base, 'POST', '/api/v1/accounts/login/', fields, options);
const update = (who, fields, options) => ask(base, 'PATCH', '/api/v1/accounts/user/update/', fields, { as: who.as, ...options });
const create = (who, fields, options) => ask(base, 'POST', '/api/v1/chat/room/create/', fields, { as: who.as, ...options });
const detail = (who, slug) => ask(base, 'GET', `/api/v1/chat/room/detail/${slug}/`, undefined, { as: who.as });
const add = (who, slug, fields, options) => ask(base, 'PATCH', `/api/v1/chat/room/${slug}/members/add/`, fields, { as: who.as, ...options });
const said = (answer) => [answer.status, answer.json];

function sql(text) {
  const database = readFileSync(join(cluster.state, 'database'), 'utf8').trim();
  return execFileSync('psql', ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1', '--command', text, database], { encoding: 'utf8' }).trim();
}

// Somebody who registered and signed in: { id, email, name, password, token, as }.
async function someone(name) {
  const email = `${fresh(name)}@example.com`;
  const made = await register({ email, name, password, confirm_password: password });
  assert.deepEqual(said(made), [201, { id: made.json.id, email, name }]);
  const { json } = await login({ email, password });
  return { id: made.json.id, email, name, password, token: json.token, as: `Token ${json.token}` };
}

const shownAs = ({ id, email, name }) => ({ id, email, name });

async function roomOf(maker, ...others) {
  const made = await create(maker, { name: 'team', members: others.map((one) => one.id) });
  assert.equal(made.status, 201, made.text);
  return made.json;
}

// ---- accounts --------------------------------------------------------------------------------------------------------------

test('S3-01 registering answers address and name, and names every field at fault', async () => {
  const email = `${fresh('Ann')}@Example.com`;
  const fields = { email, name: ' Ann ', password, confirm_password: password };
  const made = await register(fields);
  assert.deepEqual(said(made), [201, { id: made.json.id, email: email.toLowerCase(), name: 'Ann' }]);
  assert.equal(typeof made.json.id, 'number');
  assert.deepEqual(said(await register(fields)), [400, { email: ['user with this email already exists.'] }]);
  assert.deepEqual(said(await register({})), [400, { email: required, name: required, password: required, confirm_password: required }]);
  const odd = await register({ email: 'no address', name: ' ', password: null, confirm_password: true });
  assert.deepEqual(said(odd), [
    400,
    { email: ['Enter a valid email address.'], name: ['This field may not be blank.'], password: ['This field may not be null.'], confirm_password: ['Not a valid string.'] },
  ]);
});

test('S3-01 a password is refused that is not repeated, short, common, digits alone, or the address', async () => {
  const email = `${fresh('bob')}@example.com`;
  const short = 'Password must be at least 8 characters long!';
  const refused = [
    [password, `${password}!`, ['Passwords do not match!']],
    [password, ` ${password}`, ['Passwords do not match!']],
    ['Tr0ub4d', 'Tr0ub4d', [short]],
    ['password', 'password', ['This password is too common.']],
    ['90210775388', '90210775388', ['This password is entirely numeric.']],
    [email, email, ['The password is too similar to the email.']],
  ];
  for (const [one, two, sentences] of refused) assert.deepEqual(said(await register({ email, name: 'bob', password: one, confirm_password: two })), [400, { password: sentences }], one);
  assert.ok((await register({ email, name: 'bob', password: '1234', confirm_password: '1234' })).json.password.includes(short));
});

test('S3-01 registering and signing in take forms of both kinds', async () => {
  for (const way of ['form', 'multipart']) {
    const email = `${fresh(way)}@example.com`;
    assert.equal((await register({ email, name: way, password, confirm_password: password }, { way })).status, 201, way);
    assert.match((await login({ email, password }, { way })).json.token, /^[0-9a-f]{64}$/);
    assert.deepEqual((await register({ email, name: way }, { way })).json, { password: required, confirm_password: required });
  }
});

test('S3-02 signing in, in any letter case, gives another token each time, for ten hours, and the cookies of a session', async () => {
  const ann = await someone('ann');
  const second = await login({ email: ann.email.toUpperCase(), password });
  assert.equal(second.status, 200, second.text);
  assert.match(second.json.token, /^[0-9a-f]{64}$/);
  assert.match(second.json.expiry, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z$/);
  assert.deepEqual(Object.keys(second.json).sort(), ['expiry', 'token']);
  const hours = (Date.parse(second.json.expiry) - Date.now()) / 3600e3;
  assert.ok(hours > 9.9 && hours <= 10.01, `${hours}`);
  assert.notEqual(second.json.token, ann.token);
  for (const token of [ann.token, second.json.token]) assert.equal((await update({ as: `Token ${token}` }, {})).status, 200);
  const { sessionid, csrftoken } = second.cookies;
  assert.ok(sessionid.attributes.has('httponly'));
  assert.equal(sessionid.attributes.get('max-age'), '1209600');
  const cookie = `sessionid=${sessionid.value}; csrftoken=${csrftoken.value}`;
  assert.equal((await ask(base, 'GET', '/v1/accounts/me', undefined, { headers: { cookie } })).json.email, ann.email);
  assert.equal((await update({}, {}, { headers: { cookie, 'x-csrftoken': csrftoken.value } })).status, 200);
  const refused = await update({}, {}, { headers: { cookie } });
  assert.equal(refused.status, 403);
  assert.match(refused.json.detail, /^CSRF Failed: /);
});

test('S3-03 an unknown address, a wrong password and what is no address get a sentence each', async () => {
  const ann = await someone('ann');
  const unknown = ["Email doesn't Exist, Register yourself first to login!"];
  assert.deepEqual(said(await login({ email: `${fresh('none')}@example.com`, password })), [400, { non_field_errors: unknown }]);
  for (const wrong of [`${password}!`, ` ${password}`, 'x'.repeat(1025)])
    assert.deepEqual(said(await login({ email: ann.email, password: wrong })), [400, { non_field_errors: ['Wrong Credentials!'] }]);
  assert.deepEqual(said(await login({ email: 'ann', password })), [400, { email: ['Enter a valid email address.'] }]);
  assert.deepEqual(said(await login({})), [400, { email: required, password: required }]);
  assert.deepEqual((await login({ email: ann.email, password: 'x' })).cookies, {});
});

test('S3-03 the other ways to sign in do not tell whether there is such an account', async () => {
  const ann = await someone('ann');
  const told = async (identifier) => (await ask(base, 'POST', '/v1/sessions', { identifier, password: 'no' })).json;
  const [there, none] = [await told(ann.email), await told(`${fresh('none')}@example.com`)];
  for (const one of [there, none]) for (const key of ['request_id', 'trace', 'instance']) delete one[key];
  assert.deepEqual(there, none);
  assert.equal(there.errors, undefined);
});

test('S3-04 what is stored of a token is its first 15 characters and its SHA-512', async () => {
  const ann = await someone('ann');
  const hash = createHash('sha512').update(ann.token).digest('hex');
  const dump = sql(`SELECT row_to_json(c) FROM credential c WHERE account = ${ann.id}`);
  assert.ok(dump.includes(hash), dump);
  assert.ok(dump.includes(`"${ann.token.slice(0, 15)}"`), dump);
  assert.ok(!dump.includes(ann.token.slice(0, 16)), dump);
});

test('S3-05 a token that is missing, bad or spoilt gets 401 and is asked for', async () => {
  const bad = [
    [undefined, 'Authentication credentials were not provided.'],
    [`Token ${'0'.repeat(64)}`, 'Invalid token.'],
    ['Token', 'Invalid token header. No credentials provided.'],
    ['Token a b', 'Invalid token header. Token string should not contain spaces.'],
  ];
  const paths = [
    ['PATCH', '/api/v1/accounts/user/update/'],
    ['PUT', '/api/v1/accounts/user/update/avatar/'],
    ['POST', '/api/v1/chat/room/create/'],
    ['GET', '/api/v1/chat/room/detail/team_12345/'],
    ['PATCH', '/api/v1/chat/room/team_12345/members/add/'],
    ['POST', '/knox/logout/'],
    ['POST', '/knox/logoutall/'],
  ];
  for (const [method, path] of paths)
    for (const [as, sentence] of bad) {
      const answer = await ask(base, method, path, undefined, { as });
      assert.deepEqual(said(answer), [401, { detail: sentence }], `${method} ${path} ${as}`);
      assert.equal(answer.headers.get('www-authenticate'), 'Token');
    }
});

test('S3-05 a token with the right beginning and another end is none', async () => {
  const { token } = await someone('ann');
  const other = token.slice(0, 15) + token.slice(15).replace(/./g, (digit) => (digit === '0' ? '1' : '0'));
  assert.deepEqual(said(await update({ as: `Token ${other}` }, {})), [401, { detail: 'Invalid token.' }]);
});

test('S3-05 a token is over at the end of its life', async () => {
  const ann = await someone('ann');
  sql(`UPDATE credential SET expires_at = now() - interval '1 second' WHERE account = ${ann.id}`);
  const other = await login({ email: ann.email, password });
  const late = await update(ann, {});
  assert.deepEqual(said(late), [401, { detail: 'Invalid token.' }]);
  assert.equal(late.headers.get('www-authenticate'), 'Token');
  assert.equal((await update({ as: `Token ${other.json.token}` }, {})).status, 200);
});

// ---- signing out -----------------------------------------------------------------------------------------------------------

const socketOf = (who) => new Socket(cluster.ws(), { headers: { authorization: who.as } });
const isDead = (who) => until('the token is dead', async () => (await update(who, {})).status === 401);

test('S3-17 signing out ends one token and its sockets, with 204 and nothing else', async () => {
  const ann = await someone('ann');
  const other = { as: `Token ${(await login({ email: ann.email, password })).json.token}` };
  const [own, kept] = [socketOf(ann), socketOf(other)];
  assert.deepEqual(await Promise.all([own.opened, kept.opened]), [101, 101]);
  const answer = await ask(base, 'POST', '/knox/logout/', undefined, { as: ann.as });
  assert.deepEqual([answer.status, answer.text], [204, '']);
  assert.equal(await own.closed, 4401);
  await isDead(ann);
  assert.equal((await update(other, {})).status, 200);
  assert.equal(kept.code, undefined);
  kept.close();
  assert.equal((await ask(base, 'POST', '/knox/logout/', undefined, { as: ann.as })).status, 401);
});

test('S3-17 signing out everywhere ends all tokens and cookies, and the sockets of all', async () => {
  const ann = await someone('ann');
  const again = await login({ email: ann.email, password });
  const other = { as: `Token ${again.json.token}` };
  const sockets = [socketOf(ann), socketOf(other)];
  assert.deepEqual(await Promise.all(sockets.map((one) => one.opened)), [101, 101]);
  const answer = await ask(base, 'POST', '/knox/logoutall/', {}, { as: ann.as });
  assert.deepEqual([answer.status, answer.text], [204, '']);
  assert.deepEqual(await Promise.all(sockets.map((one) => one.closed)), [4401, 4401]);
  await isDead(ann);
  await isDead(other);
  assert.equal((await ask(base, 'GET', '/v1/accounts/me', undefined, { headers: { cookie: `sessionid=${again.cookies.sessionid.value}` } })).status, 401);
  assert.equal((await login({ email: ann.email, password })).status, 200);
});

test('S3-17 whoever shows a password signs out of nothing', async () => {
  const ann = await someone('ann');
  const answer = await ask(base, 'POST', '/knox/logout/', undefined, { as: basic({ login: ann.email, password }).authorization });
  assert.deepEqual([answer.status, answer.text], [204, '']);
  assert.equal((await update(ann, {})).status, 200);
});

test('S3-17 a method that is not taken is told, and which are', async () => {
  const ann = await someone('ann');
  const taken = {
    '/knox/logout/': 'POST',
    '/knox/logoutall/': 'POST',
    '/api/v1/accounts/user/create/': 'POST',
    '/api/v1/accounts/login/': 'POST',
    '/api/v1/accounts/user/update/': 'PATCH',
    '/api/v1/accounts/user/update/avatar/': 'PATCH PUT',
    '/api/v1/chat/room/create/': 'POST',
    '/api/v1/chat/room/detail/team_12345/': 'GET HEAD',
    '/api/v1/chat/room/team_12345/members/add/': 'PATCH',
  };
  for (const [path, methods] of Object.entries(taken)) {
    const answer = await ask(base, 'DELETE', path, undefined, { as: ann.as });
    assert.deepEqual(said(answer), [405, { detail: 'Method "DELETE" not allowed.' }]);
    assert.deepEqual(answer.headers.get('allow').split(', ').sort(), `${methods} OPTIONS`.split(' ').sort(), path);
    assert.equal((await ask(base, 'OPTIONS', path)).status, 200);
  }
});

// ---- names and pictures ------------------------------------------------------------------------------------------------------

const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
const gif = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');

// A form with texts and files: { name: text, avatar: [file name, bytes] }, in this order.
function formOf(fields) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) form.append(name, new Blob([value[1]]), value[0]);
    else form.append(name, value);
  }
  return form;
}

async function sendForm(who, path, form, method = 'PATCH', headers = {}) {
  const answer = await fetch(`${base}/api/v1/accounts/user/update/${path}`, { method, body: form, headers: { authorization: who.as, ...headers } });
  return { status: answer.status, json: await answer.json() };
}

const setPicture = (who, name, bytes, method) => sendForm(who, 'avatar/', formOf({ avatar: [name, bytes] }), method);

// What an address of ours gives: the bytes, or the status when it is no success.
async function bytesAt(url) {
  assert.ok(url.startsWith(`${base}/`), url);
  const answer = await fetch(url);
  return answer.ok ? Buffer.from(await answer.arrayBuffer()) : answer.status;
}

const noFile = { avatar: ['The submitted data was not a file. Check the encoding type on the form.'] };
const noImage = { avatar: ['Upload a valid image. The file you uploaded was either not an image or a corrupted image.'] };
const tooLarge = { avatar: ['Image Size must be under 5MB.'] };
const notAllowed = (extension) => ({ avatar: [`Extension ${extension} is not allowed. Allowed Extensions: jpg, jpeg, png, webp, gif`] });

test('S3-10 a name is changed, in each way to write it, and must not be blank', async () => {
  const ann = await someone('ann');
  for (const way of ['json', 'form', 'multipart'])
    assert.deepEqual(said(await update(ann, { name: ` New ${way} ` }, { way })), [200, { message: 'User updated successfully!', data: { avatar: null, name: `New ${way}` } }]);
  assert.deepEqual(said(await update(ann, {})), [200, { message: 'User updated successfully!', data: { avatar: null, name: 'New multipart' } }]);
  for (const way of ['json', 'form', 'multipart']) assert.deepEqual(said(await update(ann, { name: ' ' }, { way })), [400, { name: ['This field may not be blank.'] }]);
  assert.deepEqual(said(await update(ann, { name: null })), [400, { name: ['This field may not be null.'] }]);
  assert.deepEqual(said(await update(ann, { name: 'x'.repeat(129) })), [400, { name: ['Ensure this field has no more than 128 characters.'] }]);
  assert.deepEqual(said(await update(ann, { name: 'a\u0007b' })), [400, { name: ['Enter a valid name.'] }]);
  assert.deepEqual(said(await update(ann, { name: 'x'.repeat(129), avatar: 'x' })), [400, { name: ['Ensure this field has no more than 128 characters.'], ...noFile }]);
});

test('S3-10 a picture is set by PATCH and PUT, and the answer says where it is served', async () => {
  const ann = await someone('ann');
  const path = '/api/v1/accounts/user/update/avatar/';
  for (const [method, name, bytes] of [['PATCH', 'me.png', png], ['PUT', 'ME.GIF', gif]]) {
    const answer = await setPicture(ann, name, bytes, method);
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    assert.deepEqual(Object.keys(answer.json), ['avatar']);
    assert.ok(bytes.equals(await bytesAt(answer.json.avatar)));
    assert.deepEqual((await update(ann, {})).json.data, { avatar: answer.json.avatar, name: 'ann' });
    assert.deepEqual((await ask(base, method, path, {}, { as: ann.as })).json, answer.json);
    assert.deepEqual((await ask(base, method, path, undefined, { as: ann.as })).json, answer.json);
  }
});

test('S3-10 the first request of a token may bring a picture', async () => {
  const ann = await someone('ann');
  for (let i = 0; i < 3; i++) {
    const { token } = (await login({ email: ann.email, password })).json;
    const answer = await setPicture({ as: `Token ${token}` }, 'me.png', i === 1 ? gif : png);
    assert.equal(answer.status, 200, JSON.stringify(answer.json));
    assert.ok((i === 1 ? gif : png).equals(await bytesAt(answer.json.avatar)));
  }
});

test('S3-10 what is no file, no picture, of another extension, empty or too large is refused, and the old picture stays', async () => {
  const ann = await someone('ann');
  const before = (await setPicture(ann, 'me.png', png)).json;
  const path = '/api/v1/accounts/user/update/avatar/';
  assert.deepEqual(said(await ask(base, 'PATCH', path, { avatar: 'me.png' }, { as: ann.as })), [400, noFile]);
  for (const way of ['form', 'multipart']) assert.deepEqual(said(await ask(base, 'PUT', path, { avatar: 'me.png' }, { as: ann.as, way })), [400, noFile]);
  const large = Buffer.concat([png, Buffer.alloc(5 * 1024 * 1024)]);
  const refused = [
    ['me.txt', Buffer.from('text'), notAllowed('txt')],
    ['me.png.exe', png, notAllowed('exe')],
    ['png', Buffer.from('text'), noImage],
    ['me', png, notAllowed('me')],
    ['me.png', Buffer.from('text'), noImage],
    ['me.png', Buffer.alloc(0), { avatar: ['The submitted file is empty.'] }],
    ['me.png', large, tooLarge],
    ['me.txt', large, { avatar: [...notAllowed('txt').avatar, ...tooLarge.avatar] }],
  ];
  for (const [name, bytes, sentences] of refused) assert.deepEqual(said(await setPicture(ann, name, bytes)), [400, sentences], name);
  assert.deepEqual((await update(ann, {})).json.data.avatar, before.avatar);
  assert.ok(png.equals(await bytesAt(before.avatar)));
});

test('S3-10 a picture of just 5 MB is taken', async () => {
  const ann = await someone('ann');
  const bytes = Buffer.concat([png, Buffer.alloc(5 * 1024 * 1024 - png.length)]);
  const answer = await setPicture(ann, 'me.png', bytes);
  assert.equal(answer.status, 200, JSON.stringify(answer.json));
  assert.ok(bytes.equals(await bytesAt(answer.json.avatar)));
});

test('S3-10 one form changes name and picture, whichever comes first, and nothing when one of them is at fault', async () => {
  const ann = await someone('ann');
  const first = await sendForm(ann, '', formOf({ name: 'One', avatar: ['me.png', png], other: 'passed over' }));
  assert.deepEqual(said(first), [200, { message: 'User updated successfully!', data: { avatar: first.json.data?.avatar, name: 'One' } }]);
  const second = await sendForm(ann, '', formOf({ document: ['a.txt', 'passed over'], avatar: ['me.gif', gif], name: 'Two' }), 'PATCH', { 'idempotency-key': `k${ann.id}` });
  assert.equal(second.json.data.name, 'Two');
  assert.ok(gif.equals(await bytesAt(second.json.data.avatar)));
  const large = Buffer.concat([png, Buffer.alloc(300 * 1024)]);
  const blank = { name: ['This field may not be blank.'] };
  for (const picture of [png, large]) assert.deepEqual(said(await sendForm(ann, '', formOf({ avatar: ['me.png', picture], name: '' }))), [400, blank]);
  const long = { name: ['Ensure this field has no more than 128 characters.'] };
  for (const picture of [png, large]) assert.deepEqual(said(await sendForm(ann, '', formOf({ avatar: ['me.png', picture], name: 'x'.repeat(129) }))), [400, long]);
  assert.deepEqual(said(await sendForm(ann, '', formOf({ avatar: ['me.txt', large], name: 'x'.repeat(129) }))), [400, { ...notAllowed('txt'), ...long }]);
  assert.deepEqual(said(await sendForm(ann, '', formOf({ avatar: ['me.png', 'text'], name: 'Three' }))), [400, noImage]);
  assert.deepEqual((await update(ann, {})).json, second.json);
});

test('S3-10 null takes the picture away, and a control in which no file was chosen does not', async () => {
  const ann = await someone('ann');
  const path = '/api/v1/accounts/user/update/avatar/';
  const { avatar } = (await setPicture(ann, 'me.png', png)).json;
  const unchosen = '--b\r\nContent-Disposition: form-data; name="avatar"; filename=""\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--b--\r\n';
  assert.deepEqual(said(await ask(base, 'PUT', path, unchosen, { as: ann.as, headers: { 'content-type': 'multipart/form-data; boundary=b' } })), [200, { avatar }]);
  assert.deepEqual(said(await ask(base, 'PATCH', path, { avatar: null }, { as: ann.as })), [200, { avatar: null }]);
  assert.equal(await bytesAt(avatar), 404);
  for (const way of ['form', 'multipart']) {
    await setPicture(ann, 'me.png', png);
    assert.deepEqual(said(await update(ann, { avatar: '', name: way }, { way })), [200, { message: 'User updated successfully!', data: { avatar: null, name: way } }]);
  }
});

test('S3-10 a form that is cut short or has no boundary changes nothing', async () => {
  const ann = await someone('ann');
  const cut = '--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nCut';
  for (const type of ['multipart/form-data; boundary=b', 'multipart/form-data'])
    assert.equal((await update(ann, cut, { headers: { 'content-type': type } })).status, 400);
  assert.equal((await update(ann, cut, { headers: { 'content-type': 'multipart/form-data; boundary=b', accept: 'image/png' } })).status, 406);
  assert.equal((await update({}, cut, { headers: { 'content-type': 'multipart/form-data; boundary=b' } })).status, 401);
  assert.equal((await update(ann, {})).json.data.name, 'ann');
});

// ---- rooms -----------------------------------------------------------------------------------------------------------------

test('S3-06 a room is made with its members and the caller, and its id and slug are told', async () => {
  const [ann, bob] = [await someone('ann'), await someone('bob')];
  const made = await create(ann, { name: 'Team', members: [bob.id] });
  assert.deepEqual(said(made), [201, { message: 'Chat Room Created!', id: made.json.id, slug: made.json.slug }]);
  assert.equal(typeof made.json.id, 'number');
  assert.match(made.json.slug, /^team_[0-9a-f]{5}$/);
  const seen = await detail(bob, made.json.slug);
  assert.deepEqual(new Set(seen.json.members.map((one) => one.id)), new Set([ann.id, bob.id]));
  for (const way of ['form', 'multipart']) {
    const again = await create(ann, { name: 'Team', members: String(bob.id) }, { way });
    assert.equal(again.status, 201, again.text);
    assert.notEqual(again.json.slug, made.json.slug);
  }
  const many = await create(ann, `name=Team&members=${bob.id}&members=${ann.id}&members=${bob.id}`, { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  assert.equal((await detail(ann, many.json.slug)).json.members.length, 2);
});

test('S3-07 a room needs two, all of whom exist, and a name', async () => {
  const ann = await someone('ann');
  const two = [400, { members: ['A Chat Room must have at least two members!'] }];
  for (const members of [[], [ann.id], [ann.id, String(ann.id)]]) assert.deepEqual(said(await create(ann, { name: 'team', members })), two);
  assert.deepEqual(said(await create(ann, { name: 'team' })), two);
  assert.deepEqual(said(await create(ann, { name: 'team', members: [999999999] })), [400, { members: ['Invalid pk "999999999" - object does not exist.'] }]);
  assert.deepEqual(said(await create(ann, { name: 'team', members: ['x'] })), [400, { members: ['Incorrect type. Expected pk value, received str.'] }]);
  assert.deepEqual(said(await create(ann, { name: '', members: 'x' })), [400, { name: ['This field may not be blank.'], members: ['Expected a list of items but got type "str".'] }]);
  assert.deepEqual(said(await create(ann, {})), [400, { name: required }]);
  const long = await create(ann, { name: 'x'.repeat(1000), members: [] });
  assert.equal(long.status, 400);
  assert.match(long.json.name[0], /^Ensure this field has no more than \d+ characters\.$/);
  const many = Array.from({ length: 101 }, (_, i) => i + 1);
  assert.deepEqual(said(await create(ann, { name: 'team', members: many })), [400, { members: ['Ensure this field has no more than 100 elements.'] }]);
});

test('S3-08 a member sees who is in and who made it, others that they may not, and nobody what is not there', async () => {
  const [ann, bob, eve] = [await someone('ann'), await someone('bob'), await someone('eve')];
  const { id, slug } = await roomOf(ann, bob);
  const seen = [200, { id, name: 'team', members: [ann, bob].map(shownAs), created_by: shownAs(ann) }];
  for (const who of [ann, bob]) assert.deepEqual(said(await detail(who, slug)), seen);
  assert.deepEqual(said(await detail(eve, slug)), [403, { error: 'You are not authorized to view the chatroom.' }]);
  for (const none of ['team_00000', 'x'.repeat(200), 'lobby', String(id)]) assert.deepEqual(said(await detail(ann, none)), [404, { error: "Chat Room doesn't exist!" }]);
});

test('S3-08 a room of another kind is not there', async () => {
  const ann = await someone('ann');
  const native = await ask(base, 'POST', '/v1/rooms', { name: 'native', kind: 'group' }, { as: ann.as });
  assert.equal(native.status, 201);
  assert.equal((await detail(ann, native.json.id)).status, 404);
});

test('S3-09 any member adds others, also those who are in', async () => {
  const [ann, bob, cid, dan] = [await someone('ann'), await someone('bob'), await someone('cid'), await someone('dan')];
  const { slug } = await roomOf(ann, bob);
  const done = [200, { message: 'Users added successfully!' }];
  assert.deepEqual(said(await add(bob, slug, { members: [cid.id, ann.id] })), done);
  assert.deepEqual(said(await add(cid, slug, { members: String(dan.id) }, { way: 'form' })), done);
  for (const none of [undefined, {}, { members: [] }]) assert.deepEqual(said(await add(ann, slug, none)), done);
  assert.deepEqual((await detail(dan, slug)).json.members, [ann, bob, cid, dan].map(shownAs));
});

test('S3-09 a stranger adds nobody, and who is asked for must exist', async () => {
  const [ann, bob, eve] = [await someone('ann'), await someone('bob'), await someone('eve')];
  const { slug } = await roomOf(ann, bob);
  assert.deepEqual(said(await add(eve, slug, { members: [eve.id] })), [403, { error: 'You are not authorized to view the chatroom.' }]);
  assert.deepEqual(said(await add(ann, 'team_00000', { members: [eve.id] })), [404, { error: "Chat Room doesn't exist!" }]);
  assert.deepEqual(said(await add(ann, 'team_00000', '{bad')), [404, { error: "Chat Room doesn't exist!" }]);
  assert.deepEqual(said(await add(ann, slug, { members: [eve.id, 999999999] })), [400, { members: ['Invalid pk "999999999" - object does not exist.'] }]);
  assert.deepEqual(said(await add(ann, slug, { members: 'x' })), [400, { members: ['Expected a list of items but got type "str".'] }]);
  assert.deepEqual(said(await add(ann, slug, { members: null })), [400, { members: ['This field may not be null.'] }]);
  const many = Array.from({ length: 65 }, (_, i) => i + 1);
  assert.deepEqual(said(await add(ann, slug, { members: many })), [400, { members: ['Ensure this field has no more than 64 elements.'] }]);
  const bad = await add(ann, slug, '{bad');
  assert.equal(bad.status, 400);
  assert.match(bad.json.detail, /^JSON parse error - /);
  const put = await ask(base, 'PUT', `/api/v1/chat/room/${slug}/members/add/`, { members: [bob.id] }, { as: ann.as });
  assert.deepEqual(said(put), [405, { detail: 'Method "PUT" not allowed.' }]);
  assert.deepEqual((await detail(ann, slug)).json.members, [ann, bob].map(shownAs));
});

test('S3-16 a room whose slug has a hyphen is found by it', async () => {
  const [ann, bob, cid] = [await someone('ann'), await someone('bob'), await someone('cid')];
  const { slug } = (await create(ann, { name: 'My  Room!', members: [bob.id] })).json;
  assert.match(slug, /^my-room_[0-9a-f]{5}$/);
  assert.equal((await detail(bob, slug)).json.name, 'My  Room!');
  assert.equal((await add(bob, slug, { members: [cid.id] })).status, 200);
  assert.equal((await detail(cid, slug)).status, 200);
});

// ---- what all dialects have in common ------------------------------------------------------------------------------------------

const bodies = [
  ['POST', '/api/v1/accounts/user/create/'],
  ['POST', '/api/v1/accounts/login/'],
  ['PATCH', '/api/v1/accounts/user/update/'],
  ['PUT', '/api/v1/accounts/user/update/avatar/'],
  ['POST', '/api/v1/chat/room/create/'],
];

test('G-01 JSON that can not be read, and what is no object, is told so', async () => {
  const { as } = await someone('ann');
  for (const [method, path] of bodies) {
    const answer = await ask(base, method, path, '{bad', { as });
    assert.equal(answer.status, 400, path);
    assert.match(answer.json.detail, /^JSON parse error - /);
    assert.deepEqual(said(await ask(base, method, path, '[]', { as })), [400, { non_field_errors: ['Invalid data. Expected a dictionary, but got list.'] }]);
  }
});

test('G-02 a media type that nobody reads is told by its name', async () => {
  const { as } = await someone('ann');
  for (const [method, path] of bodies)
    assert.deepEqual(said(await ask(base, method, path, 'text', { as, headers: { 'content-type': 'text/plain' } })), [415, { detail: 'Unsupported media type "text/plain" in request.' }]);
});

test('G-04 the final slash may be left out; a GET is sent on', async () => {
  const ann = await someone('ann');
  const { slug } = await roomOf(ann, await someone('bob'));
  const path = `/api/v1/chat/room/detail/${slug}`;
  const sent = await ask(base, 'GET', path, undefined, { as: ann.as });
  assert.deepEqual([sent.status, sent.headers.get('location')], [301, `${path}/`]);
  assert.equal((await ask(base, 'POST', '/api/v1/accounts/login', { email: ann.email, password })).status, 200);
  for (const way of ['json', 'multipart']) assert.equal((await ask(base, 'PATCH', '/api/v1/accounts/user/update', { name: way }, { as: ann.as, way })).json.data.name, way);
  assert.equal((await ask(base, 'POST', '/knox/logout', undefined, { as: ann.as })).status, 204);
});

// ---- beside the other dialects -----------------------------------------------------------------------------------------------

test('G-09 an account made here signs in wherever an address will do, and others sign in here', async () => {
  const ann = await someone('ann');
  assert.ok((await ask(base, 'POST', '/api/token/', { username: ann.email, password })).json.access);
  assert.match((await ask(base, 'POST', '/login/', { username: ann.email, password })).json.token, /^[0-9a-f]{40}$/);
  assert.ok((await ask(base, 'POST', '/v1/sessions', { identifier: ann.email, password })).json.access);
  const email = `${fresh('bob')}@example.com`;
  assert.equal((await ask(base, 'POST', '/v1/accounts', { email, login: fresh('bob'), password })).status, 201);
  const bob = await login({ email, password });
  assert.match(bob.json.token, /^[0-9a-f]{64}$/);
  assert.equal((await update({ as: `Token ${bob.json.token}` }, {})).json.data.name, null);
});

test('G-10 every kind of credential is taken', async () => {
  const ann = await someone('ann');
  const { slug } = await roomOf(ann, await someone('bob'));
  const who = { login: ann.email, password };
  const shown = [ann.as, basic(who).authorization];
  for (const [kind, scheme] of [['authtoken', 'Token'], ['session', 'Bearer']]) shown.push(`${scheme} ${(await signIn(base, who, kind)).secret}`);
  for (const as of shown) {
    assert.equal((await detail({ as }, slug)).status, 200, as);
    assert.equal((await update({ as }, {})).status, 200, as);
  }
});

// ---- sockets ---------------------------------------------------------------------------------------------------------------

const enter = (who, slug) => Speaker.open(base, `${slug}/?token=${who.token}`);

test('S3-11 a socket is opened for members with a token in the query or the header, and for nobody else', async () => {
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map(someone));
  const { slug } = await roomOf(ann, bob);
  const member = await enter(ann, slug);
  assert.deepEqual(await member.rest(), []);
  member.close();
  (await Speaker.open(base, `${slug}/`, { headers: { authorization: bob.as } })).close();
  const refused = [
    [`${slug}/`, {}],
    [`${slug}/?token=${'0'.repeat(64)}`, {}],
    [`${slug}/?token=nonsense`, {}],
    [`${slug}/`, { headers: { authorization: 'Token nonsense' } }],
    [`${slug}/?token=${eve.token}`, {}],
    [`nothing_00000/?token=${ann.token}`, {}],
  ];
  for (const [name, options] of refused) assert.equal(await Speaker.refused(base, name, options), 403, name);
  assert.equal(await Speaker.refused(base, `${slug}`, { headers: { authorization: bob.as } }), 404);
});

test('S3-12 a token that begins as a good one does is 403', async () => {
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(someone));
  const { slug } = await roomOf(ann, bob);
  const wrong = ann.token.slice(0, 15) + ann.token.slice(15).replace(/./g, (digit) => (digit === '0' ? '1' : '0'));
  assert.equal(wrong.length, 64);
  assert.equal(await Speaker.refused(base, `${slug}/?token=${wrong}`), 403);
  assert.equal(await Speaker.refused(base, `${slug}/`, { headers: { authorization: `Token ${wrong}` } }), 403);
  assert.equal(await Speaker.refused(base, `${slug}/?token=${ann.token}`), 101);
});

test('S3-16 a room of two words is reached by its slug', async () => {
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(someone));
  const { json } = await create(ann, { name: 'two words', members: [bob.id] });
  assert.match(json.slug, /^two-words_[0-9a-f]{5}$/);
  const a = await enter(ann, json.slug);
  a.send({ message: 'here' });
  assert.equal((await a.next()).message, 'here');
  a.close();
});

test('S3-17 the sockets of a token that is signed out close with 4401, those of others stay', async () => {
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(someone));
  const { slug } = await roomOf(ann, bob);
  const [a, b] = await Promise.all([enter(ann, slug), enter(bob, slug)]);
  assert.equal((await ask(base, 'POST', '/knox/logout/', undefined, { as: ann.as })).status, 204);
  assert.equal(await a.closed(), 4401);
  b.send({ message: 'still here' });
  assert.equal((await b.next()).message, 'still here');
  b.close();
});

test('S3-13 what one says all members hear with the address and the time, and it is kept', async () => {
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(someone));
  const { slug, id } = await roomOf(ann, bob);
  const [a, b] = await Promise.all([enter(ann, slug), enter(bob, slug)]);
  for (let i = 0; i < 20; i++) (i % 2 ? a : b).send({ message: `said ${i} "ü" 😀` });
  const [heardByA, heardByB] = [[], []];
  for (let i = 0; i < 20; i++) {
    heardByA.push(await a.next());
    heardByB.push(await b.next());
  }
  assert.deepEqual(heardByA, heardByB);
  for (const frame of heardByA) {
    assert.deepEqual(Object.keys(frame), ['message', 'sender', 'timestamp']);
    assert.match(frame.timestamp, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00$/);
  }
  for (const [who, odd] of [[ann, 1], [bob, 0]])
    assert.deepEqual(
      heardByA.filter((frame) => frame.sender === who.email).map((frame) => frame.message),
      [...Array(10).keys()].map((i) => `said ${2 * i + odd} "ü" 😀`),
    );
  assert.equal(sql(`SELECT count(*) FROM item WHERE room = ${id} AND kind = 1`), '20');
  a.close();
  b.close();
});

test('S3-14 what is not JSON is told, and the socket still works', async () => {
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(someone));
  const { slug } = await roomOf(ann, bob);
  const a = await enter(ann, slug);
  a.send('not json');
  assert.equal(await a.raw(), '{"error":"Invalid JSON format."}');
  a.send({ message: 'still here' });
  assert.equal((await a.next()).message, 'still here');
  a.close();
});

test('S3-15 a frame without a message, or with too long a one, is told, and the socket still works', async () => {
  const [ann, bob] = await Promise.all(['ann', 'bob'].map(someone));
  const { slug } = await roomOf(ann, bob);
  const a = await enter(ann, slug);
  for (const odd of ['{}', '[]', '"text"', '{"message":5}', JSON.stringify({ message: 'ü'.repeat(1001) })]) {
    a.send(odd);
    const frame = await a.next();
    assert.deepEqual(Object.keys(frame), ['error'], odd.slice(0, 40));
  }
  a.send(Buffer.from('binary'));
  assert.deepEqual(Object.keys(await a.next()), ['error']);
  a.send({ message: 'ü'.repeat(1000) });
  assert.equal((await a.next()).message.length, 1000);
  a.send({ message: '' });
  assert.equal((await a.next()).message, '');
  a.close();
});
