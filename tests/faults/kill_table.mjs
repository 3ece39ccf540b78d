// kill_table - every process killed with -9 at random moments, twenty times each, under at least 200 messages a second.
// usage: node tests/faults/kill_table.mjs [KILLS] [SEED]   (the row format is Markdown)
import { Cluster } from '../e2e/lib/cluster.mjs';
import { killRun } from '../e2e/lib/kill_run.mjs';

const kills = Number(process.argv[2] ?? 20);
const seed = Number(process.argv[3] ?? Date.now() % 100000);
const targets = ['gateway0', 'gateway1', 'broker0', 'broker1', 'auth', 'chat', 'store', 'postgres'];
const lost = new Set(['acknowledged but lost', 'not delivered to the end', 'delivered with a hole', 'hole in history', 'unrecovered']);
const doubled = new Set(['doubled in history', 'delivered twice', 'two answers', 'never sent', 'delivered otherwise']);

const cluster = await Cluster.start({ gateways: 2 });
let failed = 0;
try {
  console.log(`seed ${seed}, ${kills} kills each, 200 messages/s\n`);
  console.log('| killed | times | acknowledged | lost | doubled | out of order | worst time until messages flow again |');
  console.log('|---|---|---|---|---|---|---|');
  for (const [i, target] of targets.entries()) {
    const result = await killRun(cluster, { targets: [target], kills, seed: seed + i, log: (line) => process.stderr.write(`${line}\n`) });
    const count = (kinds) => result.faults.filter((fault) => kinds.has(fault.kind)).length;
    const reordered = result.faults.filter((fault) => fault.kind === 'out of order').length;
    console.log(`| ${target} | ${kills} | ${result.acked} of ${result.sent} | ${count(lost)} | ${count(doubled)} | ${reordered} | ${result.killed[target].worst_ms} ms |`);
    if (result.faults.length > 0) {
      failed++;
      process.stderr.write(`${JSON.stringify(result.faults.slice(0, 5), null, 1)}\n`);
    }
  }
} finally {
  await cluster.destroy();
}
process.exitCode = failed ? 1 : 0;
