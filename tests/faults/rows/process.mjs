// process - processes killed, stopped and restarted, one at a time and together.
const targets = ['gateway0', 'gateway1', 'broker0', 'broker1', 'auth', 'chat', 'store', 'postgres'];

export const rows = [
  {
    name: 'kill',
    what: 'kill -9 of each process in turn',
    cluster: { gateways: 2 },
    injections: 40,
    short: 8,
    hold: [0, 0],
    recoveryMs: 3000,
    async inject({ cluster }, round) {
      const target = targets[round % targets.length];
      await cluster.kill(target);
      return target;
    },
  },
];
