// staff - an administrator made at the start of a cluster, as an operator would have one made.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call } from '../../e2e/lib/api.mjs';
import { until } from '../../e2e/lib/cluster.mjs';

const login = 'overseer';
const password = 'staff of a cluster that is thrown away';
const madeMs = 20000;

// Settings for Cluster.start, made when they are asked for; the folder with the password goes when this process does.
export function staffEnv() {
  const folder = mkdtempSync(join(tmpdir(), 'parley-staff-'));
  const file = join(folder, 'password');
  writeFileSync(file, password, { mode: 0o600 });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return { PARLEY_BOOTSTRAP_ADMIN: login, PARLEY_BOOTSTRAP_ADMIN_PASSWORD_FILE: file };
}

// Signs the administrator in, as soon as there is one: { access, session ... }.
export async function staffOf(cluster) {
  const body = { identifier: login, password, device: 'staff' };
  return until(
    'the administrator is made',
    async () => {
      const answer = await call(cluster.url(), 'POST', '/v1/sessions', { body });
      return answer.status < 300 ? { login, password, ...answer.json } : null;
    },
    madeMs,
    200,
  );
}
