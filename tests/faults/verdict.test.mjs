// verdict - the table of verdicts, caps and seeds, without any process.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { controls, isCaught, patches } from './controls.mjs';
import { allRows, findRows } from './lib/catalog.mjs';
import { beyondCaps } from './lib/nemesis.mjs';
import { pickSome, seedOf, seeded } from './lib/seeded.mjs';
import { columns, isGood, markdown, rowOf, totalOf } from './lib/verdict.mjs';

const good = { row: 'kill', what: 'kill -9', seed: 3, injections: 20, acked: 1234567, acked_in_faults: 20000, lost: 0, doubled: 0, reordered: 0, outlived: 0, other: 0, worst_ms: 1500, rss_peak: 20 * 1048576, rss_name: 'store' };

test('a row is good only when nothing is wrong and something was proved', () => {
  assert.ok(isGood(good));
  for (const wrong of [{ lost: 1 }, { doubled: 1 }, { reordered: 1 }, { outlived: 1 }, { other: 1 }, { lost: undefined }, { injections: 0 }, { acked: 0 }, { error: 'no cluster' }]) {
    assert.ok(!isGood({ ...good, ...wrong }), JSON.stringify(wrong));
  }
});

test('a row of the table has a cell for every column', () => {
  assert.equal(rowOf(good), '| kill -9 | 20 | 1 234 567 | 20 000 | 0 | 0 | 0 | 0 | 0 | 1 500 ms | 20 MB (store) |');
  assert.equal(rowOf({ row: 'x', what: 'x' }).split('|').length, columns.length + 2);
});

test('the total adds what can be added and keeps the worst of the rest', () => {
  const total = totalOf([good, { ...good, worst_ms: 10, lost: 2, rss_peak: 30 * 1048576, rss_name: 'auth' }, { row: 'broken', error: 'x' }]);
  assert.deepEqual([total.injections, total.acked, total.lost, total.worst_ms, total.rss_name], [40, 2469134, 2, 1500, 'auth']);
});

test('the table tells of each bad row what is wrong and how to run it again', () => {
  const text = markdown([good, { ...good, row: 'pause', runSeed: 99, folder: 'build/faults/pause', lost: 1, findings: ['k1 was not given 7'] }]);
  assert.match(text, /\*\*pause\*\*, logs in build\/faults\/pause, `SEED=99 ROWS=pause`:\n- k1 was not given 7/);
  assert.doesNotMatch(text, /\*\*kill\*\*/);
  assert.match(markdown([{ ...good, injections: 0 }]), /proves nothing/);
});

test('a process beyond its cap is named, one within is not', () => {
  assert.deepEqual(beyondCaps('gateway1', { rss: 100 * 1048576, fds: 100, idle: 9 }), []);
  assert.equal(beyondCaps('store1', { rss: 300 * 1048576, fds: 100000, idle: 99 }).length, 3);
  assert.deepEqual(beyondCaps('stranger', { rss: 1e12 }), []);
});

test('a seed gives the same choices again, and each row choices of its own', () => {
  const choices = (seed) => pickSome(seeded(seed), ['a', 'b', 'c', 'd', 'e'], 3).join('');
  assert.equal(choices(seedOf(5, 'kill')), choices(seedOf(5, 'kill')));
  assert.notEqual(seedOf(5, 'kill'), seedOf(5, 'pause'));
  assert.notEqual(seedOf(5, 'kill'), seedOf(6, 'kill'));
  assert.equal(new Set(choices(8)).size, 3);
});

test('every row obeys the contract', async () => {
  const rows = await allRows();
  assert.ok(rows.length > 5);
  for (const row of rows) {
    assert.match(row.name, /^[a-z][a-z0-9-]*$/);
    assert.equal(typeof row.what, 'string', row.name);
    assert.equal(typeof row.inject, 'function', row.name);
    assert.ok(row.injections >= 20, `${row.name} has too few injections to prove anything`);
    assert.ok(row.short >= 0 && (row.recoveryMs > 0 || row.recoveryMs('store') > 0), row.name);
  }
  await assert.rejects(findRows(['nonesuch']), /no row is called nonesuch/);
});

test('every control has its patch, every patch is a control, and each names a row', async () => {
  assert.deepEqual(controls.map((control) => control.name).sort(), patches().sort());
  await findRows(controls.map((control) => control.row));
});

test('a control is caught by what the checker finds in the logs and by nothing else', () => {
  const control = { shows: 'lost' };
  assert.ok(isCaught(control, { lost: 1 }));
  assert.ok(!isCaught(control, { lost: 0, doubled: 3, other: 9, error: 'it could not run' }));
  assert.ok(!isCaught(control, { error: 'it could not run' }));
  const told = { shows: /is gone/ };
  assert.ok(isCaught(told, { findings: ['round 3 was slow', 'the upload is gone'] }));
  assert.ok(!isCaught(told, { other: 9, findings: ['round 3 was slow'] }));
  assert.ok(!isCaught(told, { error: 'it could not run' }));
});
