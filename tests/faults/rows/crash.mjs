// crash - processes that die at marked points in the life of a message.
import { crashEnv, dyingAt } from '../lib/crash_points.mjs';

export const rows = [
  {
    // Points of drive are on no message's way: `files-crash-points` has them.
    ...dyingAt((name) => !name.startsWith('drive_'), 2),
    name: 'crash-points',
    what: 'death at each marked point between read and acknowledged',
    cluster: { gateways: 2, brokers: 2, env: { ...crashEnv, PARLEY_STORES: '2', PARLEY_CHATS: '2' } },
    hold: [300, 600],
    recoveryMs: 3000,
  },
];
