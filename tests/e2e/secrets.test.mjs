// secrets - passwords, tokens, keys and cookies go through every route, good and bad, while every daemon logs all it can. Afterwards
// none of them may stand in clear in a log, in an error, in a metric, on a command line or in what the database holds.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Server } from '../faults/lib/postgres.mjs';
import { call, must } from './lib/api.mjs';
import { Cluster, until } from './lib/cluster.mjs';
import { Socket, basic, shown, signIn } from './lib/credentials.mjs';
import { mailTo } from './lib/mails.mjs';
import { secretFile, staffEnv, staffOf, staffPassword } from './lib/staff.mjs';

const pgDump = join(process.env.PARLEY_PG_BIN ?? '/usr/lib/postgresql/15/bin', 'pg_dump');
const logMax = 64 * 1024 * 1024;

const legacyKey = `marked legacy key ${randomUUID()}`;
const demoPassword = `marked demo ${randomUUID()}`;
const secrets = new Map([
  ['the legacy key', legacyKey],
  ['the bootstrap password', staffPassword],
  ["a demo user's password", demoPassword],
]);
const errors = []; // bodies of refusals, over HTTP and on sockets
let cluster;
let base;
let log = '';
let staff;

// A secret from now on: it must be found nowhere.
function secret(what, text) {
  assert.ok(text && text.length >= 16, `${what}: ${text}`);
  secrets.set(what, text);
  return text;
}

const password = (what) => secret(`the password ${what}`, `marked ${what} ${randomUUID()}`);

async function ask(method, path, options) {
  const answer = await call(base, method, path, options);
  if (answer.status >= 400) errors.push({ what: `${method} ${path.split('?')[0]}: ${answer.status}`, text: answer.text + JSON.stringify([...answer.headers]) });
  return answer;
}

before(async () => {
  const env = {
    PARLEY_LOG_LEVEL: 'debug',
    PARLEY_RATE_LIMITS: 'off',
    PARLEY_JWT_LEGACY_HS256_KEY_FILE: secretFile(legacyKey),
    PARLEY_DEMO_USERS_FILE: secretFile(`marked_demo:${demoPassword}`),
    ...staffEnv(),
  };
  cluster = await Cluster.start({ env });
  base = cluster.url();
  // The cluster keeps the end of its log only.
  log = cluster.log;
  for (const stream of [cluster.child.stdout, cluster.child.stderr]) stream.on('data', (chunk) => (log = (log + chunk).slice(-logMax)));
  staff = await staffOf(cluster);
  secret("staff's access token", staff.access);
  secret("staff's refresh token", staff.refresh);
});
after(() => cluster?.destroy());

// Somebody with an address, signed in, whose secrets are all known.
async function someone(name) {
  const login = `${name}_${randomUUID().slice(0, 8)}`;
  const who = { login, email: `${login}@example.org`, password: password(`of ${name}`) };
  Object.assign(who, (await must(base, 'POST', '/v1/accounts', { body: { login, email: who.email, name, password: who.password } })));
  const grant = await must(base, 'POST', '/v1/sessions', { body: { identifier: login, password: who.password, device: 'test' } });
  secret(`${name}'s access token`, grant.access);
  secret(`${name}'s refresh token`, grant.refresh);
  return { ...who, access: grant.access, refresh: grant.refresh };
}

test('every route and every way in is used with secrets that can be told', async () => {
  const ann = await someone('ann');
  const room = await must(base, 'POST', '/v1/rooms', { token: ann.access, body: { name: 'own' } });
  for (const kind of ['authtoken', 'knox', 'cookie']) {
    const credential = await signIn(base, ann, kind);
    secret(`the ${kind}`, credential.secret);
    if (credential.csrf) secret('the CSRF token', credential.csrf);
    assert.equal((await ask('GET', '/v1/accounts/me', { headers: shown(credential) })).status, 200);
    const ways = [[cluster.ws(), { headers: shown(credential) }]];
    if (kind !== 'cookie') ways.push([`${cluster.ws()}?token=${credential.secret}`, {}], [cluster.ws(), { protocols: ['parley.v1.json', 'bearer', credential.secret] }]);
    for (const [url, options] of ways) await onSocket(url, options, room.id);
    await ask('PATCH', '/v1/accounts/me', { headers: shown(credential), body: { name: 'without CSRF' } });
  }
  const token = await must(base, 'POST', '/v1/tokens', { token: ann.access, body: { name: 'script', scopes: 'read' } });
  secret('the API token', token.token);
  for (const authorization of [`Bearer ${token.token}`, `Token ${token.token}`]) await ask('GET', '/v1/accounts/me', { headers: { authorization } });
  await ask('PATCH', '/v1/accounts/me', { headers: { authorization: `Bearer ${token.token}` }, body: { name: 'beyond its scope' } });
  const encoded = basic(ann);
  secret('Basic as it is encoded', encoded.authorization.slice(6));
  await ask('GET', '/v1/accounts/me', { headers: encoded });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ token_type: 'access', user_id: Number(ann.id), exp: Math.floor(Date.now() / 1000) + 300, iat: 1, jti: randomBytes(16).toString('hex') })}`;
  const legacy = secret('a token of an older deployment', `${text}.${createHmac('sha256', legacyKey).update(text).digest('base64url')}`);
  await ask('GET', '/v1/accounts/me', { headers: { authorization: `Bearer ${legacy}` } });
  const next = await must(base, 'POST', '/v1/sessions/refresh', { body: { refresh: ann.refresh } });
  secret('the next refresh token', next.refresh);
  secret('the next access token', next.access);
});

async function onSocket(url, options, room) {
  const socket = new Socket(url, options);
  if ((await socket.opened) === 101) {
    const answers = [await socket.ask('subscribe', { room, since: 0 }), await socket.ask('auth', { token: options.wrong ?? 'x' })];
    for (const { error } of answers) if (error) errors.push({ what: 'a socket', text: JSON.stringify(error) });
  }
  socket.close();
}

test('mails, resets, changes and deletions are used with secrets that can be told', async () => {
  const bob = await someone('bob');
  const confirm = secret('the key that confirms', (await mailTo(cluster, bob.email)).key);
  assert.equal((await ask('POST', '/v1/accounts/confirm', { body: { token: confirm } })).status, 200);
  await ask('POST', '/v1/accounts/confirm', { body: { token: confirm } });
  await ask('POST', '/v1/passwords/resets', { body: { email: bob.email } });
  const reset = secret('the key that resets', (await mailTo(cluster, bob.email, 2)).key);
  await ask('POST', '/v1/passwords/reset', { body: { token: reset, password: 'short' } });
  const second = password('after the reset');
  assert.equal((await ask('POST', '/v1/passwords/reset', { body: { token: reset, password: second } })).status, 204);
  await ask('POST', '/v1/passwords/reset', { body: { token: reset, password: password('of a key that is used up') } });
  const grant = await must(base, 'POST', '/v1/sessions', { body: { identifier: bob.email, password: second, device: 'test' } });
  secret("bob's later access token", grant.access);
  const third = password('after the change');
  await ask('PUT', '/v1/accounts/me/password', { token: grant.access, body: { old_password: password('that is wrong'), password: third } });
  assert.equal((await ask('PUT', '/v1/accounts/me/password', { token: grant.access, body: { old_password: second, password: third } })).status, 204);
  await ask('PUT', '/v1/accounts/me/email', { token: grant.access, body: { email: `other.${bob.email}`, password: third } });
  secret('the key for another address', (await mailTo(cluster, `other.${bob.email}`)).key);
  await ask('DELETE', '/v1/accounts/me', { token: grant.access, body: { password: password('that deletes nothing') } });
  await ask('DELETE', '/v1/accounts/me', { token: grant.access, body: { password: third } });
  await until('bob is gone', async () => (await ask('GET', '/v1/accounts/me', { token: grant.access })).status === 401);
});

test('what is wrong is refused, wherever it stands', async () => {
  const guess = password('that somebody guessed');
  const eve = await someone('eve');
  for (const body of [
    { identifier: eve.login, password: guess },
    { identifier: guess, password: guess },
    { identifier: eve.login, password: guess, unknown: guess },
    { identifier: eve.login, password: [guess] },
    { identifier: eve.login, device: guess.repeat(8), password: guess },
    `{"identifier":"x","password":"${guess}"`,
    `{"identifier":"x","password":"${guess}","password":"${guess}"}`,
  ])
    await ask('POST', '/v1/sessions', { body });
  for (const body of [{ login: 'a b', password: guess }, { login: eve.login, password: guess }, { password: guess }, { login: 'fine_login', password: guess, is_staff: true, key: guess }]) await ask('POST', '/v1/accounts', { body });
  const hex = secret('a token that nobody was given', randomBytes(20).toString('hex'));
  const knox = secret('a Knox token that nobody was given', randomBytes(32).toString('hex'));
  const api = secret('an API token that nobody was given', `parley_${randomBytes(32).toString('base64url')}`);
  const cookie = secret('a cookie that nobody was given', randomBytes(16).toString('hex'));
  for (const authorization of [`Token ${hex}`, `Token ${knox}`, `Bearer ${api}`, `Bearer ${hex} ${hex}`, `Token  ${hex}`, `Basic ${hex}`, basic({ login: eve.login, password: guess }).authorization, `Bearer ${'a'.repeat(5000)}${hex}`])
    await ask('GET', '/v1/accounts/me', { headers: { authorization } });
  await ask('GET', '/v1/accounts/me', { headers: { cookie: `sessionid=${cookie}; csrftoken=${cookie}` } });
  await ask('GET', `/v1/accounts/me?token=${hex}`);
  await ask('GET', `/v1/nowhere?token=${knox}&access=${api}`);
  await ask('POST', '/v1/sessions/refresh', { body: { refresh: secret('a refresh token that nobody was given', randomBytes(32).toString('base64url')) } });
  await ask('POST', '/v1/accounts/confirm', { body: { token: secret('a mail key that nobody was sent', `99-${randomBytes(32).toString('base64url')}`) } });
  for (const url of [`${cluster.ws()}?token=${hex}`, `${cluster.ws()}?token=${api}`]) await onSocket(url, {}, '1');
  await onSocket(cluster.ws(), { protocols: ['parley.v1.json', 'bearer', knox] }, '1');
  await onSocket(cluster.ws(), { wrong: api }, '1');
  const broken = new Socket(cluster.ws());
  await broken.opened;
  broken.ws.send(`{"op":"auth","id":1,"token":"${knox}"`);
  broken.ws.send(JSON.stringify({ op: 'auth', id: 2, token: hex, more: api }));
  await until('two refusals', () => broken.heard.filter((frame) => frame.error).length >= 2 || broken.code);
  for (const frame of broken.heard) if (frame.error) errors.push({ what: 'a broken auth', text: JSON.stringify(frame) });
  broken.close();
  await ask('GET', '/v1/admin/accounts', { token: eve.access });
  assert.ok(errors.length > 30, `${errors.length} refusals`);
});

// Names of secrets that stand in a text.
const foundIn = (text) => [...secrets].filter(([, one]) => text.includes(one)).map(([what]) => what);

test('no error tells a secret, not even to whom it was shown with', () => {
  for (const { what, text } of errors) assert.deepEqual(foundIn(text), [], what);
});

test('no secret is in a log, though daemons log all they can', async () => {
  await ask('GET', '/v1/rooms', { token: staff.access });
  const lines = log.split('\n');
  assert.ok(lines.filter((line) => line.includes('"debug"') || line.includes(' debug ')).length > 50, `only ${lines.length} lines, are they at debug?`);
  for (const [what, one] of secrets) {
    const line = lines.find((text) => text.includes(one));
    assert.equal(line, undefined, what);
  }
});

test('no secret is in a metric, on a command line or in what a process was started with', async () => {
  assert.deepEqual(foundIn(await (await fetch(`${cluster.internal()}/metrics`)).text()), []);
  for (const [name, pid] of Object.entries(cluster.pids())) {
    assert.deepEqual(foundIn(readFileSync(`/proc/${pid}/cmdline`, 'utf8')), [], name);
    assert.deepEqual(foundIn(readFileSync(`/proc/${pid}/environ`, 'utf8')), [], name);
  }
});

test('no secret is in the database, of which a dump would be enough', async () => {
  const server = await Server.of(cluster);
  const { stdout } = await promisify(execFile)(pgDump, ['-h', server.socket, '-U', 'postgres', 'parley'], { cwd: '/', maxBuffer: logMax });
  assert.match(stdout, /COPY public\.credential /);
  assert.match(stdout, /\$argon2id\$/);
  const inBytea = [...secrets].filter(([, one]) => stdout.includes(Buffer.from(one).toString('hex'))).map(([what]) => what);
  assert.deepEqual([...foundIn(stdout), ...inBytea], []);
});

test('a process that crashes leaves no dump of its memory', () => {
  for (const [name, pid] of Object.entries(cluster.pids())) {
    if (name === 'postgres') continue;
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m, name);
    assert.equal(Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, 'utf8'), 16), 0, name);
  }
});
