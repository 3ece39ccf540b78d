// channel - `parley channel` against a whole installation with two chats: what it sends it receives, whichever of them
// has the channel; what a chat kept is gone with it, and the driver goes on.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Cluster, root, until } from './lib/cluster.mjs';

const parley = join(process.env.PARLEY_BIN_DIR ?? join(root, 'build/release/bin'), 'parley');
let cluster;

before(async () => {
  cluster = await Cluster.start({ env: { PARLEY_CHATS: '2' } });
  await chatsAgreedOn();
});
after(() => cluster?.destroy());

// Waits until every broker has the same two chats, none of them of `before`: then a name has one home. Returns their pids.
function chatsAgreedOn(before = []) {
  return until('both brokers have two chats that live', () => {
    const { stdout } = spawnSync(parley, ['status', '--state-dir', cluster.state, '--json'], { encoding: 'utf8' });
    const chats = JSON.parse(stdout).instances.filter((one) => one.service === 'chat');
    const pids = chats.map((one) => one.pid);
    return pids.length === 2 && chats.every((one) => one.answers && one.brokers === cluster.brokers) && pids.every((pid) => !before.includes(pid)) && pids;
  });
}

// The command, one line in and one line out.
class Driver {
  constructor(...options) {
    this.child = spawn(parley, ['channel', '--state-dir', cluster.state, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.exited = once(this.child, 'exit');
  }

  write(text) {
    this.child.stdin.write(text);
  }

  async read() {
    const { value, done } = await this.lines.next();
    assert.ok(!done, 'the driver ended');
    return JSON.parse(value);
  }

  ask(line) {
    this.write(`${JSON.stringify(line)}\n`);
    return this.read();
  }

  async close() {
    this.child.stdin.end();
    const [code] = await this.exited;
    return code;
  }
}

async function withDrivers(count, use) {
  const drivers = Array.from({ length: count }, () => new Driver());
  try {
    await use(...drivers);
    assert.deepEqual(await Promise.all(drivers.map((driver) => driver.close())), drivers.map(() => 0));
  } finally {
    for (const driver of drivers) driver.child.kill();
  }
}

const send = (channel, message) => ({ op: 'send', channel, message });
const receive = (channel, timeout = 0.3) => ({ op: 'receive', channel, timeout });
const add = (group, channel) => ({ op: 'group_add', group, channel });
const discard = (group, channel) => ({ op: 'group_discard', group, channel });
const groupSend = (group, message) => ({ op: 'group_send', group, message });
const ok = { ok: true };
const none = { message: null };

// So many that both chats have some.
const names = (prefix) => Array.from({ length: 12 }, (_, i) => `${prefix}-${i}`);

test('S1-24 what is sent to a channel is received, in order, by one receiver, once', async () => {
  await withDrivers(2, async (a, b) => {
    for (const name of names('plain')) {
      const first = { type: 'hello', text: 'سلام', n: [1, 2.5, null, { deep: true }] };
      assert.deepEqual(await a.ask(send(name, first)), ok);
      assert.deepEqual(await a.ask(send(name, { type: 'world' })), ok);
      assert.deepEqual(await b.ask(receive(name)), { message: first });
      assert.deepEqual(await a.ask(receive(name)), { message: { type: 'world' } });
      assert.deepEqual(await b.ask(receive(name, 0)), none);
    }
  });
});

test('S1-24 a receive waits for its message, longer than the bus is patient, and loses none', async () => {
  await withDrivers(2, async (a, b) => {
    for (const name of names('patient').slice(0, 3)) {
      b.write(`${JSON.stringify(receive(name, 20))}\n`);
      const heard = b.read();
      // Time for the bus to have sent the receive again: another channel stays silent meanwhile.
      assert.deepEqual(await a.ask(receive(`${name}-silent`, 0.8)), none);
      assert.deepEqual(await a.ask(send(name, { n: 1 })), ok);
      assert.deepEqual(await a.ask(send(name, { n: 2 })), ok);
      assert.deepEqual(await heard, { message: { n: 1 } });
      assert.deepEqual(await b.ask(receive(name)), { message: { n: 2 } });
      assert.deepEqual(await b.ask(receive(name, 0)), none);
    }
  });
});

test('S1-24 a group reaches every member once, on both chats; who is discarded hears nothing; no call lists them', async () => {
  await withDrivers(1, async (driver) => {
    for (const group of ['team', 'crew', 'gang']) {
      const members = names(group);
      for (const name of members) assert.deepEqual(await driver.ask(add(group, name)), ok);
      assert.deepEqual(await driver.ask(add(group, members[0])), ok);
      assert.deepEqual(await driver.ask(groupSend(group, { type: 'all' })), ok);
      for (const name of members) {
        assert.deepEqual(await driver.ask(receive(name)), { message: { type: 'all' } });
        assert.deepEqual(await driver.ask(receive(name, 0)), none);
      }
      assert.deepEqual(await driver.ask(discard(group, members[3])), ok);
      assert.deepEqual(await driver.ask(groupSend(group, { type: 'rest' })), ok);
      for (const name of members)
        assert.deepEqual(await driver.ask(receive(name, 0)), name === members[3] ? none : { message: { type: 'rest' } });
    }
    for (const op of ['group_channels', 'group_list', 'members', 'flush', '', null, 7]) {
      const answer = await driver.ask({ op, group: 'team', channel: 'team-0' });
      assert.deepEqual(Object.keys(answer), ['error']);
    }
  });
});

test('S1-24 bad input is answered with an error, line by line, and the driver goes on', async () => {
  await withDrivers(1, async (driver) => {
    for (const line of ['{bad', '[]', 'null', '7', '{}', `"${'x'.repeat(200000)}"`, '{"op":"send","channel":"c"}', '\u0000', '{"op":"receive","channel":"c","timeout":21}']) {
      driver.write(`${line}\n`);
      const answer = await driver.read();
      assert.deepEqual(Object.keys(answer), ['error'], line.slice(0, 100));
      assert.equal(typeof answer.error, 'string');
    }
    driver.write('\n  \r\n'); // nothing asked, nothing answered
    assert.deepEqual(await driver.ask(send('after', { type: 'hello' })), ok);
    assert.deepEqual(await driver.ask(receive('after')), { message: { type: 'hello' } });
  });
});

test('S1-24 many lines at once are answered in their order, the last without its line feed', async () => {
  const driver = new Driver();
  const lines = Array.from({ length: 50 }, (_, i) => send('many', { i })).concat(Array.from({ length: 51 }, () => receive('many', 0)));
  driver.child.stdin.end(lines.map((line) => JSON.stringify(line)).join('\n'));
  for (let i = 0; i < 50; i++) assert.deepEqual(await driver.read(), ok);
  for (let i = 0; i < 50; i++) assert.deepEqual(await driver.read(), { message: { i } });
  assert.deepEqual(await driver.read(), none);
  assert.deepEqual(await driver.exited, [0, null]);
});

test('S1-24 lines may come from a file, and there may be none', async () => {
  const script = join(mkdtempSync(join(tmpdir(), 'parley-channel-')), 'lines');
  const lines = [send('filed', { type: 'hello' }), receive('filed'), receive('filed', 0)];
  writeFileSync(script, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const run = (input) => spawnSync('sh', ['-c', `exec "$0" channel --state-dir "$1" <"$2"`, parley, cluster.state, input], { encoding: 'utf8' });
  try {
    const { status, stdout } = run(script);
    assert.deepEqual(stdout.trim().split('\n').map((line) => JSON.parse(line)), [ok, { message: { type: 'hello' } }, none]);
    assert.equal(status, 0);
    assert.deepEqual([run('/dev/null').status, run('/dev/null').stdout], [0, '']);
    assert.equal(run(root).status, 1); // a folder can't be read
  } finally {
    rmSync(dirname(script), { recursive: true });
  }
});

test('S1-24 a channel keeps a hundred messages: the next is refused, and dropped when it comes from a group', async () => {
  await withDrivers(1, async (driver) => {
    for (let i = 0; i < 100; i++) assert.deepEqual(await driver.ask(send('full', { i })), ok);
    assert.match((await driver.ask(send('full', { i: 100 }))).error, /^busy/);
    assert.deepEqual(await driver.ask(add('spill', 'full')), ok);
    assert.deepEqual(await driver.ask(groupSend('spill', { i: 101 })), ok);
    for (let i = 0; i < 100; i++) assert.deepEqual(await driver.ask(receive('full', 0)), { message: { i } });
    assert.deepEqual(await driver.ask(receive('full', 0)), none);
  });
});

test('S1-24 what the chats kept is gone when they are killed, and the driver goes on', async () => {
  await withDrivers(2, async (a, b) => {
    for (const name of names('lost')) {
      assert.deepEqual(await a.ask(send(name, { type: 'hello' })), ok);
      assert.deepEqual(await a.ask(add('lost', name)), ok);
    }
    b.write(`${JSON.stringify(receive('lost-waits', 20))}\n`);
    const heard = b.read();
    const killed = await chatsAgreedOn();
    await Promise.all([cluster.kill('chat'), cluster.kill('chat1')]);
    await chatsAgreedOn(killed);
    for (const name of names('lost')) assert.deepEqual(await a.ask(receive(name, 0)), none);
    assert.deepEqual(await a.ask(groupSend('lost', { type: 'anybody' })), ok);
    for (const name of names('lost')) assert.deepEqual(await a.ask(receive(name, 0)), none);
    // Who waited waits on, at a chat that lives.
    assert.deepEqual(await a.ask(send('lost-waits', { type: 'found' })), ok);
    assert.deepEqual(await heard, { message: { type: 'found' } });
    for (const name of names('lost')) {
      assert.deepEqual(await a.ask(send(name, { type: 'again' })), ok);
      assert.deepEqual(await b.ask(receive(name)), { message: { type: 'again' } });
    }
  });
});

test('S1-24 the command says what it takes, and that nothing runs', () => {
  const help = spawnSync(parley, ['channel', '--help'], { encoding: 'utf8' });
  assert.equal(help.status, 0);
  for (const word of ['send', 'receive', 'group_add', 'group_discard', 'group_send', 'timeout', '--state-dir']) assert.ok(help.stdout.includes(word), word);
  assert.equal(spawnSync(parley, ['channel', 'argument'], { encoding: 'utf8' }).status, 2);
  const nowhere = spawnSync(parley, ['channel', '--state-dir', '/nonexistent'], { encoding: 'utf8', input: '{}\n', env: { ...process.env, PARLEY_BUS: '' } });
  assert.equal(nowhere.status, 69);
});
