// catalog - all rows, from the files in rows/.
import { readdirSync } from 'node:fs';

const folder = new URL('../rows/', import.meta.url);

// Every row, by file and place in it; two of one name are an error.
export async function allRows() {
  const rows = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.mjs')).sort()) rows.push(...(await import(new URL(file, folder))).rows);
  const names = rows.map((row) => row.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) throw new Error(`two rows are called ${twice}`);
  return rows;
}

// The rows of these names in this order.
export async function findRows(names) {
  const rows = await allRows();
  return names.map((name) => {
    const row = rows.find((one) => one.name === name);
    if (!row) throw new Error(`no row is called ${name} (there are ${rows.map((one) => one.name).join(', ')})`);
    return row;
  });
}
