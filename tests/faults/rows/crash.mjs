// crash - processes that die at marked points in the life of a message (services/common/sv_crash.def, make FLAVOUR=crash).
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, until } from '../../e2e/lib/cluster.mjs';

const folder = join(tmpdir(), `parley-crash-${process.pid}`);
const passMs = 10000;

// Points of drive are on no message's way.
const pointsOf = () => [...readFileSync(join(root, 'services/common/sv_crash.def'), 'utf8').matchAll(/^CRASH \((?!drive_)(\w+),/gm)].map((match) => match[1]);

export const rows = [
  {
    name: 'crash-points',
    what: 'death at each marked point between read and acknowledged',
    cluster: { gateways: 2, brokers: 2, env: { PARLEY_BIN_DIR: join(root, 'build/crash/bin'), PARLEY_CRASH_DIR: folder, PARLEY_STORES: '2', PARLEY_CHATS: '2' } },
    injections: 24,
    short: 12,
    hold: [300, 600],
    recoveryMs: 3000,
    setup({ state }) {
      mkdirSync(folder);
      state.points = pointsOf();
    },
    async inject({ state }, round) {
      const point = state.points[round % state.points.length];
      writeFileSync(join(folder, point), '');
      // The one that passes first takes the file with it.
      await until(`a process dies at ${point}`, () => !existsSync(join(folder, point)), passMs, 5);
      return point;
    },
    teardown() {
      rmSync(folder, { recursive: true, force: true });
    },
  },
];
