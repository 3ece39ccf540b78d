// dialect - what clients of other chat systems send: bodies in three ways, and answers with all that clients look at.
import { randomUUID } from 'node:crypto';
import { call, must } from './api.mjs';
import { cookiesOf } from './credentials.mjs';

// The three ways to write a body: each gives what `ask` takes.
export const writings = {
  json: (fields) => ({ body: fields }),
  form: (fields) => ({ body: new URLSearchParams(fields).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  multipart: (fields) => {
    const boundary = `----${randomUUID()}`;
    const parts = Object.entries(fields).map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
    return { body: `${parts.join('')}--${boundary}--\r\n`, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
  },
};

// Asks as `call` does; the answer has `cookies` too. `as` is what goes into the Authorization header.
export async function ask(base, method, path, body, { as, headers = {}, way = 'json' } = {}) {
  const written = body === undefined ? {} : typeof body === 'string' ? { body } : writings[way](body);
  const answer = await call(base, method, path, {
    ...written,
    headers: { ...(written.body !== undefined ? { 'content-type': 'application/json' } : {}), ...written.headers, ...(as ? { authorization: as } : {}), ...headers },
  });
  return { ...answer, cookies: cookiesOf(answer) };
}

// A name nobody has.
export const fresh = (prefix) => `${prefix}_${randomUUID().slice(0, 8)}`;

// An account of the members' dialect that is signed in natively too: { id, login, email, password, knox, access, refresh, expires }.
export async function memberOf(base, name) {
  const email = `${fresh(name)}@example.com`;
  const password = `correct horse ${email}`;
  const made = await ask(base, 'POST', '/api/v1/accounts/user/create/', { email, name, password, confirm_password: password });
  const knox = await ask(base, 'POST', '/api/v1/accounts/login/', { email, password });
  const grant = await must(base, 'POST', '/v1/sessions', { body: { identifier: email, password, device: 'test' } });
  return { id: String(made.json.id), login: email, email, password, knox: knox.json.token, access: grant.access, refresh: grant.refresh, expires: grant.expires_in };
}

// What a JWT says: { header, claims }.
export function openToken(token) {
  const [header, claims] = token.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  return { header, claims };
}
