// readme - every command the README documents is run as written; only port and paths are this test's own.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Cluster, root } from './lib/cluster.mjs';

const text = readFileSync(join(root, 'README.md'), 'utf8');
let cluster;
before(async () => {
  cluster = await Cluster.start();
});
after(() => cluster?.destroy());

test('the walk works as it is written', () => {
  const walk = text.slice(text.indexOf('## A walk'), text.indexOf('## How it fits together'));
  const blocks = [...walk.matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1]);
  assert.ok(blocks.length >= 4);
  const script = blocks.join('\n').replaceAll('127.0.0.1:8000', `127.0.0.1:${cluster.port}`);
  const run = spawnSync('bash', ['-eu', '-o', 'pipefail', '-c', script], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60000,
    env: { ...process.env, PATH: `/usr/bin:${process.env.PATH}`, PARLEY_STATE_DIR: cluster.state },
  });
  const out = run.stdout + run.stderr;
  assert.equal(run.status, 0, out);
  assert.match(out, /"login":"ann"/);
  assert.match(out, /"duplicate":true/);
  assert.match(out, /"recovered":true/);
  assert.match(out, /"ev":"message".*"hello Ann"/);
  const seqs = [...run.stdout.matchAll(/"ev":"(?:message|member)".*?"seq":(\d+)/g)].map((match) => Number(match[1]));
  assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
});

test('every make target the documents name exists', () => {
  const help = spawnSync('make', ['help'], { cwd: root, encoding: 'utf8' }).stdout;
  const named = new Set([...(text + readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')).matchAll(/^(?:\$ )?make ([a-z-]+)/gm)].map((match) => match[1]));
  for (const target of named) assert.match(help, new RegExp(`^${target} `, 'm'), target);
});

test('every path in the map of folders exists', () => {
  for (const [, path] of text.matchAll(/^\| `([a-z/]+)` \|/gm)) assert.ok(existsSync(join(root, path)), path);
});

test('every route of the gateway is in docs/API.md', () => {
  const table = readFileSync(join(root, 'services/gateway/gw_api.c'), 'utf8');
  const routes = [...table.matchAll(/(?:CALL \(|GW_)(GET|POST|PUT|PATCH|DELETE), "(\/(?:v1\/[^"]*|[a-z]+z|metrics))"/g)];
  assert.ok(routes.length > 25);
  const api = readFileSync(join(root, 'docs/API.md'), 'utf8');
  for (const [, method, path] of routes) assert.ok(api.includes(`${method} ${path}`), `${method} ${path}`);
});
