// replica - a primary and its synchronous standby, and who is which after each fail-over.
import { chownSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { until } from '../../e2e/lib/cluster.mjs';
import { Server, tool } from './postgres.mjs';

const followMs = 30000;

// Settings of both: a standby that finds its primary again at once, and WAL enough for one that was away.
const settings = { wal_retrieve_retry_interval: '100ms', wal_keep_size: '512MB', hot_standby: 'on', listen_addresses: '' };

export class Replica {
  // Takes the cluster's own server out of supervisor's hands, makes a second one, and lets store know both.
  static async of(cluster) {
    const self = new Replica();
    self.cluster = cluster;
    self.primary = await Server.of(cluster);
    const owner = statSync(self.primary.data);
    const own = (path) => {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      chownSync(path, owner.uid, owner.gid);
      return path;
    };
    self.standby = new Server({ name: 'b', data: own(`${self.primary.data}-b`), socket: own(join(dirname(self.primary.socket), 'pg-b')) });
    await cluster.supervise('stop', 'postgres');
    self.primary.configure(settings);
    self.primary.start();
    await self.primary.ready();
    await self.rebuild();
    self.#tellStore();
    await cluster.supervise('restart', 'store');
    return self;
  }

  // A connection string with both hosts; who is the primary is found by store itself.
  #tellStore() {
    const file = join(this.cluster.state, 'database');
    const hosts = [this.primary.socket, this.standby.socket].join(',');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/host=\S+/, `host=${hosts}`));
  }

  // Makes the standby anew from the primary, and has commits wait for it from then on.
  async rebuild() {
    const { primary, standby } = this;
    for (const name of readdirSync(standby.data)) rmSync(join(standby.data, name), { recursive: true, force: true });
    await tool('pg_basebackup', '-h', primary.socket, '-U', 'postgres', '-D', standby.data, '-R', '-X', 'stream', '-c', 'fast', '--no-sync');
    standby.configure({ synchronous_standby_names: '', primary_conninfo: `host=${primary.socket} user=postgres application_name=${standby.name}` });
    standby.start();
    await standby.ready();
    await this.requireStandby();
  }

  // From when this resolves all that was ever acknowledged is on the standby too.
  async requireStandby() {
    const { primary, standby } = this;
    await primary.set({ synchronous_standby_names: `FIRST 1 (${standby.name})` });
    await until('the standby is synchronous', () => primary.holds(`EXISTS (SELECT FROM pg_stat_replication WHERE application_name = '${standby.name}' AND sync_state = 'sync')`), followMs, 10);
    const [lsn] = await primary.sql('SELECT pg_current_wal_insert_lsn ()');
    await until('the standby has all', () => primary.holds(`EXISTS (SELECT FROM pg_stat_replication WHERE flush_lsn >= '${lsn}')`), followMs, 10);
  }

  // The standby becomes the primary. The old one must be dead; it comes back as a standby alone.
  async failOver() {
    [this.primary, this.standby] = [this.standby, this.primary];
    await tool('pg_ctl', 'promote', '-D', this.primary.data, '-w');
  }

  async end() {
    await this.standby.stop('SIGQUIT');
    await this.primary.stop('SIGQUIT');
    rmSync(this.primary.name === 'b' ? this.primary.data : this.standby.data, { recursive: true, force: true });
  }
}
