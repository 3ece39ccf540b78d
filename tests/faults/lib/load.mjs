// load - the traffic of a row: accounts and rooms, the load client in C (tests/faults/load) with many of them, two third-party
// clients beside it, and the logs from which `parley verify` decides.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { call, must, person } from '../../e2e/lib/api.mjs';
import { root, until } from '../../e2e/lib/cluster.mjs';
import { ask, memberOf } from '../../e2e/lib/dialect.mjs';
import { Witness, hashOf } from './witness.mjs';

const build = process.env.BUILD ?? 'build/release';
const parallel = 8;
const witnessMs = 100;
// Beyond this number, clients of a mode share accounts.
const accountsOfMode = 20;
const pageSize = 200;
// Modes in which each client is a person of its own, and sends.
const moving = new Set(['churn', 'revoked']);
const finishMs = 90000;
// Native clients in the room of those that speak its dialect.
const hosts = 2;

// Calls `work` on every item, so many at a time; results in order.
async function each(items, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i], i);
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
  return results;
}

const range = (count) => Array.from({ length: count }, (_, i) => i);

export class Load {
  // people send and read in `rooms` rooms of `members` each; `modes` adds clients: { slow, stopped, churn, idle, revoked: how many }.
  // `speakers` are clients of a members' room, on its own socket: { normal, slow, stopped: how many }; native ones are there beside them.
  // `staff` is an access token for clients that staff signs out. `plan` is merged into the tool's plan (answer_ms, slow_bytes, churn_ms ...). Logs go to `folder`.
  static async start(cluster, { people = 8, rooms = 4, members = people, rate = 200, random = Math.random, window = 4, modes = {}, speakers = {}, staff, witnesses = 2, plan = {}, folder } = {}) {
    const self = new Load();
    self.folder = folder ?? join(cluster.state, 'load-logs');
    Object.assign(self, { cluster, rate, spoken: [], latest: {}, violations: [], marks: new Map(), flowing: new Map() });
    mkdirSync(self.folder, { recursive: true });
    await self.#people(people, members, rooms, modes, witnesses);
    await self.#members(speakers);
    self.plan = {
      gateways: range(cluster.gateways).map((g) => new URL(cluster.url(g)).host),
      rate: Math.round(rate),
      seed: Math.floor(random() * 2 ** 32),
      window,
      logs: self.folder,
      ...(staff ? { staff } : {}),
      ...plan,
    };
    self.#spawn();
    await Promise.all(self.witnesses.map((witness) => witness.join(self.rooms.slice(0, 2).map((room) => room.id))));
    self.pulse = setInterval(() => self.#say(), witnessMs);
    self.#renew();
    return self;
  }

  get #grants() {
    // Those that are signed out again and again sign in by themselves.
    const lasting = this.entries.filter((entry) => entry.mode !== 'revoked');
    return [...new Set([...lasting.map((entry) => entry.person), ...this.witnesses.map((witness) => witness.person)])];
  }

  async #person(name) {
    const one = await person(this.cluster.url(), name);
    return one;
  }

  // Accounts, rooms and memberships over REST, and the clients of the plan. People are spread evenly over the rooms; the first
  // in each room owns it, and kicks members that come and go.
  async #people(count, members, roomCount, modes, witnessCount) {
    const people = await each(range(count), (i) => this.#person(`c${i}`));
    this.rooms = await each(range(roomCount), async (r) => {
      const inside = range(Math.min(members, count)).map((m) => people[(r * members + m) % count]);
      const room = await must(this.cluster.url(), 'POST', '/v1/rooms', { token: inside[0].access, body: { name: `fault ${r}`, kind: 'public' } });
      return { id: room.id, owner: inside[0], members: [...new Set(inside)] };
    });
    this.entries = people.map((one, i) => ({ name: `c${i}`, person: one, mode: 'normal', sends: true, rooms: this.rooms.filter((room) => room.members.includes(one)), kicks: [] }));
    // The first two people have a second device.
    this.entries.push(...this.entries.slice(0, 2).map((entry) => ({ ...entry, name: `${entry.name}b`, sends: false, kicks: [] })));
    for (const [mode, howMany] of Object.entries(modes)) await this.#extras(mode, howMany);
    const urls = range(this.cluster.gateways).map((g) => this.cluster.ws(g));
    this.witnesses = await each(range(witnessCount), async (i) => {
      const one = await this.#person(`w${i}`);
      for (const room of this.rooms.slice(0, 2)) room.members.push(one);
      return new Witness({ name: `w${i}`, urls, person: one, folder: this.folder });
    });
    const joins = this.rooms.flatMap((room) => room.members.slice(1).map((one) => ({ room, one })));
    await each(joins, ({ room, one }) => must(this.cluster.url(), 'POST', `/v1/rooms/${room.id}/join`, { token: one.access, body: {} }));
  }

  // Clients of one mode, each in two rooms; those that come and go, or are signed out, also send, and the rooms' owners kick them.
  async #extras(mode, count) {
    const accounts = await each(range(Math.min(count, moving.has(mode) ? count : accountsOfMode)), (i) => this.#person(`${mode}${i}`));
    for (let i = 0; i < count; i++) {
      const one = accounts[i % accounts.length];
      const rooms = [...new Set([this.rooms[(i % accounts.length) % this.rooms.length], this.rooms[((i % accounts.length) + 1) % this.rooms.length]])];
      for (const room of rooms) if (!room.members.includes(one)) room.members.push(one);
      this.entries.push({ name: `${mode}${i}`, person: one, mode, sends: moving.has(mode), rooms, kicks: [] });
      if (mode !== 'churn') continue;
      for (const room of rooms) this.entries.find((entry) => entry.person === room.owner && entry.sends).kicks.push({ room, one });
    }
  }

  // A room made over HTTP in the members' dialect, and its clients: every other one that speaks has a Knox token.
  async #members(speakers) {
    const modes = Object.entries(speakers).flatMap(([mode, count]) => range(count).map(() => mode));
    if (modes.length === 0) return;
    const base = this.cluster.url();
    const people = await each(range(hosts + modes.length), (i) => memberOf(base, i < hosts ? `h${i}` : `d${i - hosts}`));
    const [owner] = people;
    const made = await ask(base, 'POST', '/api/v1/chat/room/create/', { name: 'fault', members: people.map((one) => Number(one.id)) }, { as: `Bearer ${owner.access}` });
    if (made.status !== 201) throw new Error(`no room of members: ${made.status} ${made.text}`);
    const room = { id: String(made.json.id), owner, members: [owner] };
    this.spoken = [room];
    const common = { rooms: [room], kicks: [] };
    for (const [i, one] of people.slice(0, hosts).entries()) this.entries.push({ name: `h${i}`, person: one, mode: 'normal', sends: true, ...common });
    for (const [i, mode] of modes.entries())
      this.entries.push({ name: `d${i}`, person: people[hosts + i], mode, sends: mode === 'normal', ...common, speaks: made.json.slug, isKnox: i % 2 === 0 });
  }

  #writePlan() {
    const clients = this.entries.map(({ name, person: one, mode, sends, rooms, kicks, speaks, isKnox }) => ({
      name,
      account: one.id,
      token: mode === 'revoked' ? '' : isKnox ? one.knox : one.access,
      ...(one.email ? { email: one.email } : {}),
      ...(speaks ? { speaks, scheme: isKnox ? 'Token' : 'Bearer' } : {}),
      ...(mode === 'revoked' ? { login: one.login, password: one.password } : {}),
      mode,
      sends,
      rooms: rooms.map((room) => room.id),
      kicks: kicks.map((kick) => kick.one.id),
    }));
    writeFileSync(join(this.folder, 'plan.json'), JSON.stringify({ ...this.plan, clients }));
  }

  #spawn() {
    this.#writePlan();
    this.tool = spawn(join(root, build, 'tools/load'), [join(this.folder, 'plan.json')], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.tool.stdin.on('error', () => {});
    this.exited = once(this.tool, 'close');
    createInterface({ input: this.tool.stdout }).on('line', (line) => this.#heard(JSON.parse(line)));
  }

  #heard(said) {
    if (said.t !== undefined) this.latest = said;
    else if (said.done !== undefined) this.done = said;
    else if (said.violation) this.violations.push(said);
    else if (said.mark) this.marks.get(said.mark)?.();
    else if (said.flowing) this.flowing.get(said.flowing)?.(said.ms);
  }

  // Fresh tokens at two fifths of their life, over whichever gateway answers.
  #renew() {
    const life = Math.min(...this.#grants.map((one) => one.expires ?? 300));
    this.renewal = setTimeout(async () => {
      await each(this.#grants, (one) => this.#refresh(one)).catch(() => {});
      if (this.done || this.tool.exitCode !== null) return;
      this.#writePlan();
      this.tool.kill('SIGHUP');
      this.#renew();
    }, life * 400);
    this.renewal.unref();
  }

  async #refresh(one) {
    for (let g = 0; !this.done; g = (g + 1) % this.cluster.gateways) {
      const answer = await call(this.cluster.url(g), 'POST', '/v1/sessions/refresh', { body: { refresh: one.refresh } }).catch(() => null);
      if (answer?.status === 200) return Object.assign(one, { access: answer.json.access, refresh: answer.json.refresh });
      if (answer && answer.status < 500 && answer.status !== 429) {
        const again = await call(this.cluster.url(g), 'POST', '/v1/sessions', { body: { identifier: one.login, password: one.password, device: 'test' } }).catch(() => null);
        if (again?.status < 300) return Object.assign(one, { access: again.json.access, refresh: again.json.refresh });
      }
      await delay(100);
    }
  }

  #say() {
    for (const witness of this.witnesses) if (witness.idle) witness.send(witness.rooms[witness.number % witness.rooms.length]).catch(() => {});
  }

  #command(line) {
    this.tool.stdin.write(`${line}\n`);
  }

  // Resolves when every sending client has a message acknowledged that it began after this call, and had one delivered; the
  // time is the tool's own, in milliseconds. Third parties too.
  async flows(ms) {
    this.markCount = (this.markCount ?? 0) + 1;
    const mark = this.markCount;
    const tool = new Promise((resolve) => this.flowing.set(mark, resolve));
    const others = this.witnesses.map((witness) => witness.send(witness.rooms[0]));
    this.#command('mark');
    const gave = delay(ms, 'late', { ref: false });
    const first = await Promise.race([Promise.all([tool, ...others]), gave, this.exited]);
    this.flowing.delete(mark);
    if (first === 'late') throw new Error(`timed out after ${ms} ms: messages of every client flow`);
    if (this.tool.exitCode !== null) throw new Error(`the load client ended (${this.tool.exitCode})`);
    return first[0];
  }

  storm() {
    this.#command('storm');
  }

  pause() {
    clearInterval(this.pulse);
    this.#command('pause');
  }

  resume() {
    this.pulse = setInterval(() => this.#say(), witnessMs);
    this.#command('resume');
  }

  setRate(rate) {
    this.#command(`rate ${Math.round(rate)}`);
  }

  // The counters of the last report: { sent, acked, received, unknown, connected, p50_us, p99_us ... }, and what broke the protocol.
  stats() {
    return { ...this.latest, violations: this.violations.length };
  }

  // Stops sending, waits until all is acknowledged and delivered everywhere, writes what the rooms hold, and has it judged:
  // { logs, sent, acked, acked_in_faults, delivered, lost, doubled, reordered, other, faults }.
  async finish() {
    clearInterval(this.pulse);
    const faults = [];
    const complain = (error) => faults.push(error.message);
    await until('third parties have all acknowledged', () => this.witnesses.every((witness) => witness.idle), finishMs).catch(complain);
    this.#command('stop');
    await Promise.race([this.exited, delay(finishMs, null, { ref: false })]);
    if (!this.done?.done) faults.push(...(this.done?.reasons ?? ['the load client did not finish']));
    const heads = await this.#items().catch((error) => complain(error) && new Map());
    await until('third parties have all', () => this.witnesses.every((witness) => witness.has(heads)), finishMs).catch(complain);
    for (const witness of this.witnesses) witness.end(heads);
    this.end();
    const verdict = await this.#judge();
    faults.push(...this.violations.map((one) => `${one.violation}: ${one.client}, room ${one.room}, seq ${one.seq}`), ...verdict.faults);
    const { sent, acked, received } = this.done ?? this.latest;
    return { logs: this.folder, sent, acked, delivered: received, tool: this.done, ...verdict, other: verdict.other + (faults.length - verdict.faults.length), faults };
  }

  // Every room's items into final.jsonl; resolves to the last seq of each.
  async #items() {
    const file = openSync(join(this.folder, 'final.jsonl'), 'w');
    const heads = new Map();
    try {
      for (const room of [...this.rooms, ...this.spoken]) heads.set(room.id, await this.#itemsOf(room, file));
    } finally {
      closeSync(file);
    }
    return heads;
  }

  async #itemsOf(room, file) {
    let last = 0;
    for (let more = true; more; ) {
      const page = await this.#page(room, last);
      const now = { mono_ns: Number(process.hrtime.bigint()), wall_ns: Date.now() * 1e6, client: 'final', op: 'ok', kind: 'item' };
      const lines = page.items.map((item) =>
        JSON.stringify({
          ...now,
          room: room.id,
          seq: item.seq,
          ...(item.kind === 'message' ? { account: item.sender, cmid: item.send_id, bodyhash: hashOf(item.body) } : { account: item.account, what: item.what }),
        }),
      );
      if (lines.length) writeSync(file, `${lines.join('\n')}\n`);
      last = page.items.at(-1)?.seq ?? last;
      more = page.more && page.items.length > 0;
    }
    return last;
  }

  async #page(room, after) {
    let fault;
    for (let attempt = 0; attempt < 50; attempt++) {
      const base = this.cluster.url(attempt % this.cluster.gateways);
      const answer = await call(base, 'GET', `/v1/rooms/${room.id}/messages?after=${after}&limit=${pageSize}`, { token: room.owner.access }).catch((error) => ({ status: 0, text: error.message }));
      if (answer.status === 200) return answer.json;
      fault = `${answer.status} ${answer.text}`;
      if (answer.status === 401) await this.#refreshNow(room.owner);
      await delay(100);
    }
    throw new Error(`history of room ${room.id}: ${fault}`);
  }

  async #refreshNow(one) {
    const again = await call(this.cluster.url(), 'POST', '/v1/sessions', { body: { identifier: one.login, password: one.password, device: 'test' } }).catch(() => null);
    if (again?.status < 300) one.access = again.json.access;
  }

  async #judge() {
    const program = join(process.env.PARLEY_BIN ?? join(root, build, 'bin'), 'parley');
    const told = await promisify(execFile)(program, ['verify', '--logs', this.folder, '--json'], { maxBuffer: 64 * 1024 * 1024 }).catch((error) => error);
    if (!told.stdout?.startsWith('{')) return { lost: 0, doubled: 0, reordered: 0, outlived: 0, other: 1, faults: [`not judged: ${told.stderr || told.message}`] };
    return verdictOf(JSON.parse(told.stdout));
  }

  // Ends what still runs, without a verdict.
  end() {
    clearInterval(this.pulse);
    clearTimeout(this.renewal);
    for (const witness of this.witnesses) witness.close();
    if (this.tool.exitCode === null) this.tool.kill('SIGKILL');
  }

  save(folder) {
    if (folder !== this.folder) cpSync(this.folder, folder, { recursive: true });
  }
}

// The verdict of `parley verify --json` as rows count it: `faults` are sentences, `injections` what the judge calls faults.
export function verdictOf({ faults: injections, findings, ...judged }) {
  return { ...judged, injections, faults: findings.map((one) => `${one.finding}: ${one.text}`) };
}
