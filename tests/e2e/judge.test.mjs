// judge - the judge itself: a good history passes, each kind of damage is caught.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from './lib/judge.mjs';

function good() {
  const items = [];
  const logs = { a: [], b: [] };
  for (let seq = 1; seq <= 20; seq++) {
    const client = seq % 2 ? 'a' : 'b';
    const note = { room: 'r', send_id: `s${seq}`, body: `m${seq}` };
    items.push({ seq, kind: 'message', send_id: note.send_id, body: note.body });
    logs[client].push({ client, op: 'invoke', ...note }, { client, op: 'ok', ...note, seq });
    for (const name of ['a', 'b']) logs[name].push({ client: name, op: 'recv', ...note, seq });
  }
  return { logs: [logs.a, logs.b], history: new Map([['r', items]]), members: new Map([['r', ['a', 'b']]]) };
}

const damage = {
  'a delivery dropped': (run) => run.logs[0].splice(run.logs[0].findIndex((n) => n.op === 'recv' && n.seq === 9), 1),
  'a delivery doubled': (run) => run.logs[1].push(run.logs[1].find((n) => n.op === 'recv' && n.seq === 20)),
  'two deliveries swapped': (run) => {
    const at = run.logs[0].map((n, i) => [n, i]).filter(([n]) => n.op === 'recv').map(([, i]) => i);
    [run.logs[0][at[4]], run.logs[0][at[5]]] = [run.logs[0][at[5]], run.logs[0][at[4]]];
  },
  'a message nobody sent': (run) => run.history.get('r').push({ seq: 21, kind: 'message', send_id: 'forged', body: 'x' }),
  'an acknowledged message gone': (run) => Object.assign(run.history.get('r')[4], { send_id: undefined, body: undefined, kind: 'member' }),
  'a message twice in history': (run) => Object.assign(run.history.get('r')[6], { send_id: 's5', body: 'm5' }),
  'a hole in history': (run) => run.history.get('r').splice(10, 1),
  'a body changed on the way': (run) => Object.assign(run.logs[0].find((n) => n.op === 'recv' && n.seq === 3), { body: 'other' }),
  'a sender out of order': (run) => {
    const log = run.logs[0];
    const at = log.findIndex((n) => n.op === 'invoke' && n.send_id === 's3');
    log.unshift(...log.splice(at, 1));
  },
  'one send_id, two answers': (run) => run.logs[0].push({ client: 'a', op: 'ok', room: 'r', send_id: 's1', seq: 2 }),
  'silence about a gap': (run) => run.logs[0].push({ client: 'a', op: 'unrecovered', room: 'r' }),
};

test('a good history has no faults', () => assert.deepEqual(judge(good()).faults, []));
for (const [name, hurt] of Object.entries(damage)) {
  test(`${name} is caught`, () => {
    const run = good();
    hurt(run);
    assert.ok(judge(run).faults.length > 0);
  });
}
