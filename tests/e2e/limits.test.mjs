// limits - how often one address, one account and one identifier may ask, and what who asks more often is told.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import WebSocket from 'ws';
import { person } from './lib/api.mjs';
import { Cluster } from './lib/cluster.mjs';

let cluster;
before(async () => {
  cluster = await Cluster.start({ env: { PARLEY_RATE_LIMITS: 'on' } });
});
after(() => cluster?.destroy());

// One request from a local address: { status, headers, json }. Every test has addresses of its own, so that none spends what another
// counts on.
function from(localAddress, method, path, { token, body } = {}) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const headers = { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(text ? { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } : {}) };
  return new Promise((resolve, reject) => {
    const call = request(`${cluster.url()}${path}`, { method, headers, localAddress, agent: false }, (answer) => {
      let all = '';
      answer.on('data', (chunk) => (all += chunk));
      answer.on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, json: all ? JSON.parse(all) : null }));
    });
    call.on('error', reject);
    call.end(text);
  });
}

const many = (count, work) => Promise.all(Array.from({ length: count }, (_, i) => work(i)));
const guess = (address, identifier, password = 'a guess') => from(address, 'POST', '/v1/sessions', { body: { identifier, password, device: 'test' } });
const statusesOf = (answers) => answers.reduce((counts, { status }) => ({ ...counts, [status]: (counts[status] ?? 0) + 1 }), {});

// 429 says when to come again, and the headers what the limit is.
function assertTold(answer, most) {
  assert.equal(answer.json.code, 'too_many');
  const after = Number(answer.headers['retry-after']);
  assert.ok(Number.isInteger(after) && after >= 1 && after <= most, `Retry-After: ${answer.headers['retry-after']}`);
}

test('ten sign-ins at once from one address are judged, further ones wait three seconds each', async () => {
  const answers = [];
  for (let i = 0; i < 14; i++) answers.push(await guess('127.0.1.1', `nobody${i}`));
  const refused = answers.filter((answer) => answer.status === 429);
  assert.ok(refused.length >= 3 && refused.length <= 4, JSON.stringify(statusesOf(answers)));
  for (const answer of refused) assertTold(answer, 12);
  assert.ok(refused[0].headers.ratelimit && refused[0].headers['ratelimit-policy'], JSON.stringify(refused[0].headers));
  assert.equal((await guess('127.0.1.2', 'nobody')).status, 401);
});

test('registration, mails and resets are of the same class as sign-ins', async () => {
  const ways = [
    ['/v1/accounts', { login: 'x', password: 'y' }],
    ['/v1/accounts/confirmations', { email: 'nobody@example.org' }],
    ['/v1/passwords/resets', { email: 'nobody@example.org' }],
    ['/v1/sessions', { identifier: 'nobody', password: 'z', device: 'test' }],
  ];
  const answers = [];
  for (let i = 0; i < 16; i++) answers.push(await from('127.0.1.3', 'POST', ways[i % ways.length][0], { body: ways[i % ways.length][1] }));
  assert.ok(answers.slice(0, 10).every((answer) => answer.status !== 429), JSON.stringify(statusesOf(answers)));
  assert.ok(answers.slice(12).filter((answer) => answer.status === 429).length >= 3, JSON.stringify(statusesOf(answers)));
});

test('requests of one address beyond two hundred at once are told to come again', async () => {
  const answers = await many(400, () => from('127.0.1.4', 'GET', '/v1/rooms'));
  const counts = statusesOf(answers);
  assert.ok(counts[401] >= 1 && counts[429] >= 50, JSON.stringify(counts));
  assertTold(answers.find((answer) => answer.status === 429), 10);
});

test('requests of one account are limited wherever they come from', async () => {
  const ann = await person(cluster.url(), 'ann');
  const answers = await many(400, (i) => from(`127.0.2.${1 + (i % 40)}`, 'GET', '/v1/accounts/me', { token: ann.access }));
  const counts = statusesOf(answers);
  assert.ok(counts[200] >= 150 && counts[429] >= 20, JSON.stringify(counts));
});

test('sockets of one address beyond two hundred at once are refused before they are opened', async () => {
  const open = (localAddress) =>
    new Promise((resolve) => {
      const socket = new WebSocket(cluster.ws(), ['parley.v1.json'], { localAddress });
      socket.on('open', () => resolve(101) ?? socket.terminate());
      socket.on('unexpected-response', (_, answer) => resolve(answer.statusCode) ?? socket.terminate());
      socket.on('error', () => resolve(0));
    });
  const statuses = await many(400, () => open('127.0.1.6'));
  const refused = statuses.filter((status) => status === 429).length;
  assert.ok(refused >= 50, `${refused} refused of ${statuses.length}`);
  assert.ok(statuses.filter((status) => status === 101).length >= 150);
  assert.equal(await open('127.0.1.7'), 101);
});

test('who guesses at one account is stopped after five, and its owner is not', async () => {
  const ann = await person(cluster.url(), 'bea');
  assert.ok((await guess('127.0.1.8', ann.login, ann.password)).status < 300);
  const answers = [];
  for (let i = 0; i < 8; i++) answers.push(await guess('127.0.1.9', ann.login));
  assert.deepEqual(answers.slice(0, 5).map((answer) => answer.status), [401, 401, 401, 401, 401]);
  assert.ok(answers.slice(5).every((answer) => answer.status === 429), JSON.stringify(statusesOf(answers)));
  assertTold(answers[5], 40);
  assert.equal((await guess('127.0.1.9', ann.login, ann.password)).status, 429);
  assert.ok((await guess('127.0.1.8', ann.login, ann.password)).status < 300);
  // Accounts that are not there are limited alike: the limit tells nothing either.
  const strangers = [];
  for (let i = 0; i < 7; i++) strangers.push(await guess('127.0.1.10', 'nobody at all'));
  assert.deepEqual(strangers.slice(0, 6).map((answer) => answer.status), [401, 401, 401, 401, 401, 429]);
});

test('many addresses guessing at one account are stopped together, while its owner signs in', async () => {
  const ann = await person(cluster.url(), 'cleo');
  assert.ok((await guess('127.0.1.11', ann.login, ann.password)).status < 300);
  // Not more at a time than passwords may wait to be hashed.
  const answers = [];
  for (let i = 0; i < 80; i += 8) answers.push(...(await many(8, (k) => guess(`127.0.3.${1 + i + k}`, ann.login))));
  const counts = statusesOf(answers);
  assert.ok(counts[429] >= 20 && counts[401] >= 40, JSON.stringify(counts));
  assert.ok((await guess('127.0.1.11', ann.login, ann.password)).status < 300);
});
