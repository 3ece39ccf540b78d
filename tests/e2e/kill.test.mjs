// kill - each process killed with -9 once under 200 messages a second; `make faults` does it twenty times.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Cluster } from './lib/cluster.mjs';
import { killRun } from './lib/kill_run.mjs';

let cluster;
before(async () => {
  cluster = await Cluster.start({ gateways: 2 });
});
after(() => cluster?.destroy());

test('no acknowledged message is lost, doubled or out of order when processes are killed', async () => {
  const targets = ['gateway0', 'broker0', 'chat', 'store', 'auth', 'postgres', 'broker1', 'gateway1'];
  const result = await killRun(cluster, { targets, kills: 1, seed: 7 });
  console.log(`# ${result.acked} acknowledged in ${result.seconds.toFixed(0)} s, slowest ${result.worst_ack_ms} ms`);
  assert.deepEqual(result.faults.slice(0, 5), []);
  assert.equal(result.acked, result.sent);
  assert.ok(result.acked > 100);
});
