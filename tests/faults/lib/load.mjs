// load - the traffic of a row: many clients in many rooms, each with its log, and the counters the runner waits for.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { person, roomOf } from '../../e2e/lib/api.mjs';
import { Client } from '../../e2e/lib/client.mjs';
import { until } from '../../e2e/lib/cluster.mjs';
import { historyOf } from '../../e2e/lib/history.mjs';
import { judge } from '../../e2e/lib/judge.mjs';

export class Load {
  static async start(cluster, { people = 8, rooms = 4, rate = 200, random, folder } = {}) {
    const self = new Load();
    Object.assign(self, { cluster, folder, rate, random, sent: 0, acked: 0, people: [], rooms: [], clients: [] });
    for (let i = 0; i < people; i++) self.people.push(await person(cluster.url(), `k${i}`));
    for (let i = 0; i < rooms; i++) self.rooms.push((await roomOf(cluster.url(), self.people, `fault ${i}`)).id);
    const urls = Array.from({ length: cluster.gateways }, (_, g) => cluster.ws(g));
    self.clients = self.people.map((one, i) => new Client({ urls: [...urls.slice(i % urls.length), ...urls.slice(0, i % urls.length)], token: one.access, name: `k${i}` }));
    for (const client of self.clients) client.connect();
    await Promise.all(self.clients.flatMap((client) => self.rooms.map((room) => client.join(room))));
    const started = Date.now();
    self.pulse = setInterval(() => {
      for (const due = ((Date.now() - started) / 1000) * rate; self.sent < due; self.sent++) {
        const client = self.clients[self.sent % self.clients.length];
        client.send(self.rooms[Math.floor(random() * self.rooms.length)], `${client.name} ${self.sent}`).then(() => self.acked++);
      }
    }, 5);
    return self;
  }

  // Resolves when every client has a send acknowledged that it began after this call.
  async flows(ms) {
    const marks = this.clients.map((client) => client.log.length);
    await until(
      'messages of every client flow',
      () =>
        this.clients.every((client, i) => {
          const begun = new Set();
          for (let n = marks[i]; n < client.log.length; n++) {
            const note = client.log[n];
            if (note.op === 'invoke') begun.add(note.send_id);
            if (note.op === 'ok' && begun.has(note.send_id)) return true;
          }
          return false;
        }),
      ms,
    );
  }

  // Stops sending, waits until all is acknowledged and delivered everywhere, and judges: { sent, acked, faults }.
  async finish() {
    clearInterval(this.pulse);
    await until('all is acknowledged', () => this.clients.every((client) => client.idle), 30000);
    const history = new Map();
    for (const room of this.rooms) {
      const items = await historyOf(this.cluster.url(), this.people[0].access, room);
      history.set(room, items);
      await until('all is delivered', () => this.clients.every((client) => client.rooms.get(room).last >= items.length), 20000).catch(() => {});
    }
    const names = this.clients.map((client) => client.name);
    this.clients.forEach((client) => client.close());
    const { sent, acked, faults } = judge({ logs: this.clients.map((client) => client.log), history, members: new Map(this.rooms.map((room) => [room, names])) });
    return { sent, acked, lost: faults.length, doubled: 0, reordered: 0, other: 0, faults: faults.map((one) => JSON.stringify(one)) };
  }

  save(folder) {
    mkdirSync(folder, { recursive: true });
    for (const client of this.clients) writeFileSync(join(folder, `${client.name}.jsonl`), client.log.map((note) => `${JSON.stringify(note)}\n`).join(''));
  }
}
