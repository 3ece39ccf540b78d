// kill - the row `kill` of the fault matrix end to end, each process killed with -9 once; `make faults` runs all rows at length.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findRows } from '../faults/lib/catalog.mjs';
import { runRow } from '../faults/row.mjs';

const kills = 13;
let folder;
let result;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-kill-'));
  const [row] = await findRows(['kill']);
  // Memory and CPU of a build with sanitizers mean nothing; how soon all flows again is judged by `make faults`.
  result = await runRow(row, { seed: 7, injections: kills, rate: 200, folder, slack: 4, caps: !process.env.PARLEY_BIN_DIR });
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('no acknowledged message is lost, doubled or out of order when processes are killed', () => {
  console.log(`# ${result.acked} acknowledged in ${result.seconds} s, worst recovery ${result.worst_ms} ms`);
  assert.equal(result.error, undefined);
  assert.deepEqual(result.findings, []);
  assert.deepEqual([result.lost, result.doubled, result.reordered, result.other], [0, 0, 0, 0]);
  assert.equal(result.injections, kills);
  assert.ok(result.acked > 100);
});

test('a row leaves a record of what was injected and when, and a log of the processes', () => {
  const record = JSON.parse(readFileSync(join(folder, 'record.json'), 'utf8'));
  assert.equal(record.seed, 7);
  assert.equal(record.rounds.length, kills);
  assert.equal(new Set(record.rounds.map((round) => round.target)).size, kills);
  const nemesis = readFileSync(join(folder, 'nemesis.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(['invoke', 'ok', 'info'].map((op) => nemesis.filter((line) => line.kind === 'fault' && line.op === op).length), [kills, kills, kills]);
  const measured = new Set(nemesis.filter((line) => line.kind === 'stat').map((line) => line.gateway));
  assert.equal(measured.size, kills, readdirSync(folder).join(' '));
});
