// crash_points - processes that die at marked points (services/common/sv_crash.def), in a build made for it (make FLAVOUR=crash).
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, until } from '../../e2e/lib/cluster.mjs';

const folder = join(tmpdir(), `parley-crash-${process.pid}`);
const passMs = 10000;

// What a cluster needs in its environment, so that its processes die at points.
export const crashEnv = { PARLEY_BIN_DIR: join(root, 'build/crash/bin'), PARLEY_CRASH_DIR: folder };

const allPoints = () => [...readFileSync(join(root, 'services/common/sv_crash.def'), 'utf8').matchAll(/^CRASH \((\w+),/gm)].map(([, name]) => name);

// The part of a row in which somebody dies at each point whose name `isMeant`, `times` times in a whole run, once in a short one.
export function dyingAt(isMeant, times) {
  const points = allPoints().filter(isMeant);
  return {
    injections: times * points.length,
    short: points.length,
    setup() {
      mkdirSync(folder);
    },
    async inject(ctx, round) {
      const point = points[round % points.length];
      writeFileSync(join(folder, point), '');
      // The one that passes first takes the file with it.
      await until(`a process dies at ${point}`, () => !existsSync(join(folder, point)), passMs, 5);
      return point;
    },
    teardown() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
