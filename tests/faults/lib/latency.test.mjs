import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { latencies, percentile } from './latency.mjs';

test('latencies count from the first try and belong to the window in which it lay', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-latency-'));
  const line = (kind, op, cmid, at) => `${JSON.stringify({ mono_ns: at, client: 'c', op, kind, cmid })}\n`;
  try {
    writeFileSync(join(folder, 'a.jsonl'), line('send', 'invoke', 'x', 1000) + line('send', 'invoke', 'x', 5000) + line('send', 'ok', 'x', 9000) + line('send', 'invoke', 'y', 20000) + line('send', 'ok', 'y', 21000));
    writeFileSync(join(folder, 'b.jsonl'), line('recv', 'ok', 'x', 3000) + line('recv', 'ok', 'nobody', 3000) + line('conn', 'ok', undefined, 1));
    writeFileSync(join(folder, 'final.jsonl'), line('recv', 'ok', 'x', 90000));
    writeFileSync(join(folder, 'churn0.jsonl'), line('recv', 'ok', 'x', 80000));
    const found = await latencies(folder, [
      { name: 'one', from: 0, to: 10000 },
      { name: 'two', from: 10000, to: 20000 },
      { name: 'two', from: 20000, to: 30000 },
    ]);
    assert.deepEqual(found, { one: { send: [8], recv: [2] }, two: { send: [1], recv: [] } });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a percentile is a value that was seen', () => {
  const list = Array.from({ length: 200 }, (_, i) => i + 1);
  assert.equal(percentile(list, 99), 198);
  assert.equal(percentile(list, 50), 100);
  assert.equal(percentile([7], 99), 7);
});
