// mails - what the folder sink was given, as people would read it.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './cluster.mjs';

const sentMs = 20000;

function read(path) {
  const text = readFileSync(path, 'utf8');
  const end = text.search(/\r?\n\r?\n/);
  const headers = Object.fromEntries(text.slice(0, end).split(/\r?\n(?!\s)/).map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  return { path, headers, text: text.slice(end), mode: statSync(path).mode & 0o777, key: /\b(\d+-[\w-]{43})(?![\w-])/.exec(text.slice(end))?.[1] };
}

const isTo = (mail, address) => (mail.headers.to ?? '').toLowerCase().includes(address.toLowerCase());

// Mails to an address so far, oldest first.
export function mailsTo(cluster, address) {
  const folder = join(cluster.state, 'mail');
  let names = [];
  try {
    names = readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch {
    // nothing was sent yet
  }
  const mails = names.map((name) => read(join(folder, name))).filter((mail) => isTo(mail, address));
  return mails.sort((a, b) => statSync(a.path).mtimeMs - statSync(b.path).mtimeMs);
}

// The `count`th mail to an address, as soon as it is there.
export const mailTo = (cluster, address, count = 1) => until(`mail ${count} to ${address}`, () => mailsTo(cluster, address)[count - 1], sentMs, 50);
