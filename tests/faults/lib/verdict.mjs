// verdict - what a row's figures mean, and the Markdown table of all rows.

// A figure that could not be had: an empty cell is better than a 0 that nobody counted.
const unknown = '-';
const number = (value) => (value === undefined || value === null ? unknown : String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' '));
const megabytes = (bytes) => (bytes ? `${(bytes / 1024 / 1024).toFixed(0)} MB` : unknown);

export const columns = [
  ['fault', (one) => one.what],
  ['injections', (one) => number(one.injections)],
  ['acknowledged', (one) => number(one.acked)],
  ['inside faults', (one) => number(one.acked_in_faults)],
  ['lost', (one) => number(one.lost)],
  ['doubled', (one) => number(one.doubled)],
  ['reordered', (one) => number(one.reordered)],
  ['outlived', (one) => number(one.outlived)],
  ['other findings', (one) => number(one.other)],
  ['worst recovery', (one) => (one.worst_ms === undefined ? unknown : `${number(one.worst_ms)} ms`)],
  ['peak memory', (one) => (one.rss_peak ? `${megabytes(one.rss_peak)}${one.rss_name ? ` (${one.rss_name})` : ''}` : unknown)],
];

// A row that did not run to its end, or not under any load, has proved nothing.
export function isGood(result) {
  return !result.error && result.injections > 0 && result.acked > 0 && ['lost', 'doubled', 'reordered', 'outlived', 'other'].every((key) => result[key] === 0);
}

export function totalOf(results) {
  const sum = (key) => results.reduce((total, one) => total + (one[key] ?? 0), 0);
  const most = results.reduce((best, one) => ((one.rss_peak ?? 0) > (best.rss_peak ?? 0) ? one : best), {});
  return {
    what: '**total**',
    ...Object.fromEntries(['injections', 'acked', 'acked_in_faults', 'lost', 'doubled', 'reordered', 'outlived', 'other'].map((key) => [key, sum(key)])),
    worst_ms: Math.max(0, ...results.map((one) => one.worst_ms ?? 0)),
    rss_peak: most.rss_peak,
    rss_name: most.rss_name,
  };
}

const lineOf = (cells) => `| ${cells.join(' | ')} |`;
export const head = () => [lineOf(columns.map(([title]) => title)), lineOf(columns.map(() => '---'))];
export const rowOf = (result) => lineOf(columns.map(([, cell]) => cell(result)));

// The table, and under it what is wrong with each row that is not good.
export function markdown(results) {
  const bad = results.filter((one) => !isGood(one));
  const lines = [...head(), ...results.map(rowOf), rowOf(totalOf(results))];
  for (const one of bad) {
    lines.push('', `**${one.row}**${one.folder ? `, logs in ${one.folder}` : ''}, \`SEED=${one.runSeed ?? one.seed} ROWS=${one.row}\`:`);
    lines.push(...[one.error, ...(one.findings ?? [])].filter(Boolean).map((text) => `- ${text}`));
    if (!one.error && !(one.injections > 0 && one.acked > 0)) lines.push('- nothing was injected or nothing was acknowledged: the row proves nothing');
  }
  return lines.join('\n');
}
