// credentials - ways in: signing in for every kind of credential, and showing it in every place where it may be.
import WebSocket from 'ws';
import { call } from './api.mjs';
import { until } from './cluster.mjs';

const wordsMs = 15000;

// Name and value of each cookie that an answer sets: { sessionid: { value, attributes: Map } }.
export function cookiesOf(answer) {
  const found = {};
  // Debian's node has no getSetCookie: there the lines come as one, and no value of ours has a comma before a name.
  const lines = answer.headers.getSetCookie?.() ?? (answer.headers.get('set-cookie') ?? '').split(/, (?=[^ ;=]+=)/).filter(Boolean);
  for (const line of lines) {
    const [pair, ...rest] = line.split(/;\s*/);
    const attributes = new Map(rest.map((one) => one.split('=')).map(([name, value = '']) => [name.toLowerCase(), value]));
    found[pair.slice(0, pair.indexOf('='))] = { value: pair.slice(pair.indexOf('=') + 1), attributes };
  }
  return found;
}

// Signs `who` in for a credential of this kind: { kind, id, secret, answer }; `secret` is a token or, for cookies, the session's key.
export async function signIn(base, who, kind = 'session', headers = {}) {
  const body = { identifier: who.login, password: who.password, device: `test ${kind}`, ...(kind === 'session' ? {} : { kind }) };
  const answer = await call(base, 'POST', '/v1/sessions', { body, headers });
  if (answer.status >= 300) throw new Error(`signing in for ${kind}: ${answer.status} ${answer.text}`);
  const cookies = cookiesOf(answer);
  const secret = kind === 'session' ? answer.json.access : kind === 'cookie' ? cookies.sessionid.value : answer.json.token;
  return { kind, id: answer.json.session, secret, csrf: cookies.csrftoken?.value, answer };
}

// Headers that show a credential over HTTP; unsafe requests by cookie need the second form.
export function shown({ kind, secret, csrf }, { unsafe = false } = {}) {
  if (kind === 'cookie') return { cookie: `sessionid=${secret}${csrf ? `; csrftoken=${csrf}` : ''}`, ...(unsafe && csrf ? { 'x-csrftoken': csrf } : {}) };
  return { authorization: `${kind === 'session' || kind === 'token' ? 'Bearer' : 'Token'} ${secret}` };
}

export const basic = (who, password = who.password) => ({ authorization: `Basic ${Buffer.from(`${who.login}:${password}`).toString('base64')}` });

// A socket and what it hears. `opened` resolves to 101 or to the status of the refusal, `closed` to the close code.
export class Socket {
  constructor(url, { headers = {}, protocols = ['parley.v1.json'] } = {}) {
    this.heard = [];
    this.next = 1;
    this.ws = new WebSocket(url, protocols, { headers, handshakeTimeout: 10000 });
    this.opened = new Promise((resolve) => {
      this.ws.on('open', () => resolve(101));
      this.ws.on('unexpected-response', (_, answer) => {
        resolve(answer.statusCode);
        this.ws.terminate();
      });
      this.ws.on('error', () => resolve(0));
    });
    this.closed = new Promise((resolve) => this.ws.on('close', resolve));
    this.closed.then((code) => (this.code = code));
    this.ws.on('message', (data) => this.heard.push(JSON.parse(data.toString())));
  }

  // The answer to one request: { ok } or { error }.
  async ask(op, fields = {}) {
    const id = this.next++;
    this.ws.send(JSON.stringify({ op, id, ...fields }));
    return until(`an answer to ${op}`, () => this.heard.find((frame) => frame.re === id) ?? (this.code && { error: { code: `closed ${this.code}` } }), wordsMs);
  }

  close() {
    this.ws.terminate();
  }
}

// Who a socket that was opened so belongs to, as the server knows it: a room's owner may subscribe to it. Resolves to the status of the
// handshake when it is refused, else to `ok` or an error's code.
export async function socketSays(url, options, room) {
  const socket = new Socket(url, options);
  try {
    const status = await socket.opened;
    if (status !== 101) return status;
    const answer = await socket.ask('subscribe', { room, since: 0 });
    return answer.error?.code ?? 'ok';
  } finally {
    socket.close();
  }
}
