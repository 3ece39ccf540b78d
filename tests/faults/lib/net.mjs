// net - the loopback network of one row, which can be cut: packets between a process and a broker, PostgreSQL or the clients are
// dropped by iptables. A row that uses it runs in a network namespace of its own (`prefix`), so that the rules meet nobody else
// and vanish with it.
//
// A process is known by its group (lib/net_wrap.sh), which only what it sends itself shows; so each connection gets a mark when its
// first packet is sent, and rules look at the mark and the direction. Dropped is what arrives: the sender learns nothing.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// Newer kernels repeat a SYN every second at first; Debian 12's doubles the pause each time, which is the harder case.
const setUp = 'ip link set lo up; linear=/proc/sys/net/ipv4/tcp_syn_linear_timeouts; [ ! -e $linear ] || echo 0 >$linear; exec "$@"';
export const prefix = ['unshare', '-n', '--', 'sh', '-c', setUp, 'sh'];

const members = ['gateway0', 'gateway1', 'auth', 'auth1', 'chat', 'chat1', 'store', 'store1', 'drive', 'drive1'];
const firstGroup = 60001;
const groupOf = (name) => firstGroup + members.indexOf(name);

// Group of the proxy: what it sends goes straight to the brokers.
export const proxyGroup = 60099;

const brokerPort = (broker) => 10000 + 100 * broker;
const portsOfBroker = 99;
const databasePort = 5432;
const databaseMark = 15;
// Streams of bytes, which pass no broker: replica N of drive listens at the Nth port (net_wrap.sh).
const bulkPort = 9900;
const bulkMark = 10;
const drives = ['drive', 'drive1'];

// Numbers of sv_endpoint.h and roles.def.
export const channels = { req: 0, pub: 1, sub: 2 };
export const roles = { gateway: 1, auth: 2, chat: 3, drive: 4, store: 5 };
export const portOf = (broker, role, channel) => brokerPort(broker) + 3 * roles[role] + channels[channel];

// Options of Cluster.start, with more settings for scripts/run in `env`.
export function clusterOf(env = {}) {
  const wrap = fileURLToPath(new URL('./net_wrap.sh', import.meta.url));
  return { gateways: 2, brokers: 2, env: { PARLEY_WRAP: wrap, NET_GROUPS: members.map((name) => `${name}=${groupOf(name)}`).join(' '), ...env } };
}

const iptables = (...args) => execFileSync('iptables', ['-w', ...args.map(String)]);

const markOf = (name, broker) => 16 * (1 + members.indexOf(name)) + broker;

export class Net {
  constructor(cluster) {
    const counts = { gateway: cluster.gateways, auth: 1, chat: cluster.env.PARLEY_CHATS ?? 1, store: cluster.env.PARLEY_STORES ?? 1, drive: cluster.env.PARLEY_DRIVES ?? 1 };
    this.cluster = cluster;
    this.brokers = Array.from({ length: cluster.brokers }, (_, broker) => broker);
    this.names = members.filter((name) => Number(/\d*$/.exec(name)[0]) < counts[name.replace(/\d*$/, '')]);
    this.stores = this.names.filter((name) => name.startsWith('store'));
    this.cuts = 0;
    this.dropped = 0;
    for (const name of this.names) {
      for (const broker of this.brokers) this.#mark(name, markOf(name, broker), `${brokerPort(broker)}:${brokerPort(broker) + portsOfBroker}`);
    }
    for (const name of this.names.filter((one) => one.startsWith('gateway'))) {
      for (const [i, drive] of drives.entries()) if (this.names.includes(drive)) this.#mark(name, markOf(name, bulkMark + i), bulkPort + i);
    }
    for (const name of this.stores) this.#mark(name, markOf(name, databaseMark), databasePort);
  }

  #mark(name, mark, ports) {
    iptables('-t', 'mangle', '-A', 'OUTPUT', '-p', 'tcp', '--dport', ports, '-m', 'owner', '--gid-owner', groupOf(name), '-j', 'CONNMARK', '--set-mark', mark);
  }

  #drop(match) {
    this.cuts++;
    iptables('-A', 'INPUT', ...match, '-j', 'DROP');
  }

  #dropMarked(mark, ways) {
    for (const way of ways) this.#drop(['-m', 'connmark', '--mark', mark, '-m', 'conntrack', '--ctdir', way === 'out' ? 'ORIGINAL' : 'REPLY']);
  }

  // Cuts a process off a broker; `ways` are `out` (what the process sends) and `in`.
  cut(name, broker, ways = ['out', 'in']) {
    this.#dropMarked(markOf(name, broker), ways);
  }

  // Cuts the streams of bytes between a gateway and a replica of drive.
  cutBulk(gateway, drive, ways = ['out', 'in']) {
    this.#dropMarked(markOf(gateway, bulkMark + drives.indexOf(drive)), ways);
  }

  cutDatabase(store, ways = ['out', 'in']) {
    this.#dropMarked(markOf(store, databaseMark), ways);
  }

  // Cuts all clients off a gateway; `out` is what the clients send.
  cutClients(gateway, ways = ['out', 'in']) {
    const port = this.cluster.port + gateway;
    for (const way of ways) this.#drop(['-p', 'tcp', way === 'out' ? '--dport' : '--sport', port]);
  }

  heal() {
    const counted = iptables('-nvxL', 'INPUT').toString().matchAll(/^\s*(\d+)\s+\d+\s+DROP/gm);
    for (const [, packets] of counted) this.dropped += Number(packets);
    iptables('-F', 'INPUT');
  }

  // Heals, and throws when no cut ever met a packet: then the row has shown nothing.
  end() {
    this.heal();
    if (this.cuts > 0 && this.dropped === 0) throw new Error('no cut dropped anything');
  }

  // New connections to `port` end at `to` instead, but for the proxy's own.
  redirect(port, to) {
    iptables('-t', 'nat', '-A', 'OUTPUT', '-p', 'tcp', '--dport', port, '-m', 'owner', '!', '--gid-owner', proxyGroup, '-j', 'REDIRECT', '--to-ports', to);
  }
}
