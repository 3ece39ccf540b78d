// conditions - what processes of a cluster run under: shell lines read by wrap.sh before a process begins.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const wrap = fileURLToPath(new URL('wrap.sh', import.meta.url));

// A folder in the state directory that PostgreSQL's user can read too.
export function folderOf(cluster) {
  const folder = join(cluster.state, 'faults');
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755);
  return folder;
}

export function writeReadable(path, text) {
  writeFileSync(path, text);
  chmodSync(path, 0o644);
}

// Lets each process of `names` begin anew under `linesOf (name)`.
export async function restartUnder(cluster, names, linesOf) {
  const folder = folderOf(cluster);
  for (const name of names) writeReadable(join(folder, name), `${linesOf(name).join('\n')}\n`);
  for (const name of names) await cluster.supervise('restart', name);
  await cluster.ready();
}
