// staff - an administrator made at the start of a cluster, as an operator would have one made.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { call } from './api.mjs';
import { until } from './cluster.mjs';

export const staffPassword = 'staff of a cluster that is thrown away';
const login = 'overseer';
const madeMs = 20000;

// A secret in a file of its own that goes when this process does; gives its path.
export function secretFile(text) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-secret-'));
  const file = join(folder, 'secret');
  writeFileSync(file, text, { mode: 0o600 });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return file;
}

// Settings for Cluster.start.
export const staffEnv = () => ({ PARLEY_BOOTSTRAP_ADMIN: login, PARLEY_BOOTSTRAP_ADMIN_PASSWORD_FILE: secretFile(staffPassword) });

// Signs the administrator in, as soon as there is one: the grant, with login and password.
export async function staffOf(cluster) {
  const body = { identifier: login, password: staffPassword, device: 'staff' };
  return until(
    'the administrator is made',
    async () => {
      const answer = await call(cluster.url(), 'POST', '/v1/sessions', { body });
      return answer.status < 300 ? { login, password: staffPassword, id: answer.json.account, ...answer.json } : null;
    },
    madeMs,
    200,
  );
}
