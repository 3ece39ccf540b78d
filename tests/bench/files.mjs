// files - `make bench-files`: files through Parley beside nginx with the same file and client, in one run, turn about. Prints Markdown.
// usage: node tests/bench/files.mjs [MEGABYTES [ROUNDS]]
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { person } from '../e2e/lib/api.mjs';
import { Cluster, until } from '../e2e/lib/cluster.mjs';
import { ask, contentOf, contentPath } from '../e2e/lib/files.mjs';
import { cpuOf } from '../faults/lib/proc.mjs';

const MiB = 1024 * 1024;
const size = Number(process.argv[2] ?? 512) * MiB;
const rounds = Number(process.argv[3] ?? 5);
const seed = 'bench';
const run = promisify(execFile);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// nginx as Debian has it, with the file in its folder; `PUT` stores what comes.
async function startNginx(folder) {
  const port = await freePort();
  const conf = `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/log; ${process.getuid() === 0 ? 'user root;' : ''}
events {}
http {
  access_log off; sendfile on; tcp_nopush on; client_max_body_size 0; client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  server { listen 127.0.0.1:${port}; root ${folder}/www; location / { dav_methods PUT; } }
}
`;
  writeFileSync(join(folder, 'conf'), conf);
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', 'nginx', '-c', join(folder, 'conf')], { stdio: ['ignore', 'inherit', 'inherit'] });
  await until('nginx serves', () => fetch(`http://127.0.0.1:${port}/`).then(() => true, () => false));
  return { child, url: `http://127.0.0.1:${port}` };
}

function writeContent(path) {
  const file = openSync(path, 'w');
  for (let done = 0; done < size; done += MiB) writeSync(file, contentOf(seed, done, MiB));
  closeSync(file);
}

// One transfer by curl: seconds it took.
async function curl(...args) {
  const { stdout } = await run('curl', ['-sS', '--fail', '-o', '/dev/null', '-w', '%{time_total} %{size_download} %{size_upload}', ...args]);
  const [seconds, down, up] = stdout.split(' ').map(Number);
  if (Math.max(down, up) !== size) throw new Error(`${Math.max(down, up)} bytes of ${size} were moved: ${args.at(-1)}`);
  return seconds;
}

// Runs both by turns, each `rounds` times, and gives the median rates in MB/s with the CPU seconds of these processes for a GB.
async function compared(ours, theirs, pids) {
  const [times, used] = [{ ours: [], theirs: [] }, new Map(pids.map((pid) => [pid, 0]))];
  for (let round = 0; round < rounds; round++) {
    const before = pids.map(cpuOf);
    times.ours.push(await ours());
    pids.forEach((pid, i) => used.set(pid, used.get(pid) + cpuOf(pid) - before[i]));
    times.theirs.push(await theirs());
  }
  const rate = (list) => size / 1e6 / list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  return { ours: rate(times.ours), theirs: rate(times.theirs), used: pids.map((pid) => (used.get(pid) / rounds / size) * 1e9) };
}

function row(what, yardstick, { ours, theirs, used }, names) {
  const shares = names.map((name, i) => `${name} ${used[i].toFixed(2)}`).join(', ');
  console.log(`| ${what} | ${ours.toFixed(0)} MB/s | ${theirs.toFixed(0)} MB/s (${yardstick}) | ${(ours / theirs).toFixed(2)} | CPU-s per GB: ${shares} |`);
}

const folder = mkdtempSync(join(tmpdir(), 'parley-bench-'));
chmodSync(folder, 0o755);
mkdirSync(join(folder, 'www'));
const path = join(folder, 'www/file');
let cluster;
let nginx;
try {
  writeContent(path);
  nginx = await startNginx(folder);
  cluster = await Cluster.start({ env: { PARLEY_ACCESS_TTL: '1h', PARLEY_QUOTA: `${2 * (rounds + 2) * size}B` } });
  const who = await person(cluster.url(), 'bench');
  const token = ['-H', `Authorization: Bearer ${who.access}`];
  const type = ['-H', 'Content-Type: application/octet-stream'];
  const names = ['gateway0', 'drive'];
  const pids = names.map((name) => cluster.pids()[name]);
  console.log(`${cpus().length} x ${cpus()[0].model}, a file of ${size / MiB} MiB, median of ${rounds}, client and servers share the machine\n`);
  console.log('| row | Parley | yardstick | ratio | notes |\n|---|---|---|---|---|');
  const put = () => curl(...token, ...type, '-H', 'Expect:', '-X', 'POST', '-T', path, `${cluster.url()}/v1/drive/uploads?name=bench`);
  row('upload, on disk and hashed', 'nginx, PUT, not synced', await compared(put, () => curl('-T', path, '-H', 'Expect:', `${nginx.url}/up`), pids), names);
  const dd = async () => {
    const begun = process.hrtime.bigint();
    await run('dd', [`if=${path}`, `of=${join(folder, 'copy')}`, 'bs=256k', 'conv=fdatasync', 'status=none']);
    return Number(process.hrtime.bigint() - begun) / 1e9;
  };
  row('upload, on disk and hashed', 'dd conv=fdatasync', await compared(put, dd, pids), names);
  const [file] = (await ask(cluster.url(), 'GET', '/v1/drive/files?limit=1', { token: who.access })).json.items;
  row('download', 'nginx, sendfile', await compared(() => curl(...token, `${cluster.url()}${contentPath(file)}`), () => curl(`${nginx.url}/file`), pids), names);
} finally {
  nginx?.child.kill();
  await cluster?.destroy();
  rmSync(folder, { recursive: true, force: true });
}
