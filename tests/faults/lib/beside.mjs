// beside - rows in which others are served beside somebody who behaves oddly or wants much: their p99 is compared with that beside a harmless one who
// costs the machine as much (I12).
import { setTimeout as delay } from 'node:timers/promises';
import { latencies, percentile } from './latency.mjs';

const settleMs = 500;
const sampleMs = 1000;
const slowedMost = 1.2;

const kinds = { send: 'acknowledgements', recv: 'deliveries' };

// A window in which one thing is done.
async function sample(ctx, act, name) {
  await act(ctx);
  await delay(settleMs);
  const from = Number(process.hrtime.bigint());
  await delay(sampleMs);
  ctx.state.windows.push({ name, from, to: Number(process.hrtime.bigint()) });
}

function slowness(found, kind, { odd, harmless }) {
  const [still, beside] = ['still', 'beside'].map((name) => percentile(found[name][kind], 99));
  return { ratio: beside / still, text: `p99 of others' ${kinds[kind]} ${beside.toFixed(0)} us beside ${odd}, ${still.toFixed(0)} us beside ${harmless}` };
}

// `begin (ctx)` comes before the first round; `still (ctx)` does what is harmless, `act (ctx, mode)` what is odd, `rest (ctx)` neither, `end (ctx)` is the
// last; `words` are { odd, harmless }.
export const beside = ({ name, modes, begin, still, act, rest, end, words, ...row }) => ({
  name,
  rate: 1000,
  injections: 24,
  short: 0,
  recoveryMs: 3000,
  setup({ state }) {
    state.windows = [];
  },
  // Both windows of a round, now one first and now the other: what drifts hits both alike.
  async inject(ctx, round) {
    const mode = modes[round % modes.length];
    if (ctx.state.windows.length === 0) await begin(ctx);
    const order = [[still, 'still'], [() => act(ctx, mode), 'beside']];
    if (ctx.random() < 0.5) order.reverse();
    for (const [one, window] of order) await sample(ctx, one, window);
    return mode;
  },
  heal: rest,
  async check({ load, state, log }) {
    const found = await latencies(load.folder, state.windows);
    const told = Object.keys(kinds).map((kind) => slowness(found, kind, words));
    for (const { text } of told) log(`${name}: ${text}`);
    return told.filter(({ ratio }) => ratio > slowedMost).map(({ text }) => text);
  },
  teardown: end,
  ...row,
});
