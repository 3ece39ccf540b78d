// api - the REST calls of the tests: JSON in and out, nothing hidden. Every answer must be as the OpenAPI document says.
import { randomUUID } from 'node:crypto';
import { judgeAnswer } from './openapi.mjs';

export async function call(base, method, path, { token, body, headers = {} } = {}) {
  const answer = await fetch(base + path, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body !== undefined ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    redirect: 'manual',
  });
  const text = await answer.text();
  let json = null;
  if (text && /json/.test(answer.headers.get('content-type') ?? '')) json = JSON.parse(text);
  const got = { status: answer.status, headers: answer.headers, text, json };
  await judgeAnswer(base, method, path, got);
  return got;
}

export class Failure extends Error {}

// As `call`, but a status of 400 and above is thrown.
export async function must(base, method, path, options) {
  const answer = await call(base, method, path, options);
  if (answer.status >= 400) throw new Failure(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.json;
}

// A new account that is signed in: { id, login, password, access, refresh, session, expires (seconds) }.
export async function person(base, prefix = 'user') {
  const login = `${prefix}_${randomUUID().slice(0, 8)}`;
  const password = `correct horse ${login}`;
  const account = await must(base, 'POST', '/v1/accounts', { body: { login, name: prefix, password } });
  const grant = await must(base, 'POST', '/v1/sessions', { body: { identifier: login, password, device: 'test' } });
  return { id: account.id, login, password, access: grant.access, refresh: grant.refresh, session: grant.session, expires: grant.expires_in };
}

// A public room made by the first person that all of them are members of.
export async function roomOf(base, people, name = 'room') {
  const room = await must(base, 'POST', '/v1/rooms', { token: people[0].access, body: { name, kind: 'public' } });
  for (const one of people.slice(1)) await must(base, 'POST', `/v1/rooms/${room.id}/join`, { token: one.access, body: {} });
  return room;
}
