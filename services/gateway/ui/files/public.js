// public - what the pages of the numbered rooms share: who is signed in, and questions to the gateway.
const keys = ['authToken', 'isAdmin', 'userid'];

// Of the account that signed in with this browser; null where nobody did.
export const signedIn = () => {
  const [token, isAdmin, userid] = keys.map((key) => localStorage.getItem(key));
  return token ? { token, isAdmin: isAdmin === 'true', userid } : null;
};

export function remember({ token, is_admin: isAdmin, user_id: userid }) {
  [token, isAdmin, userid].forEach((value, i) => localStorage.setItem(keys[i], String(value)));
}

export function forget() {
  keys.forEach((key) => localStorage.removeItem(key));
}

// What went wrong, in a sentence for people.
export class Trouble extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

// Sentences out of an answer: {"error": text}, or each field with a list of them.
function sentences(json, status) {
  const found = Object.entries(json ?? {}).flatMap(([field, told]) =>
    [told].flat().map((one) => (['error', 'message', 'detail', 'errors'].includes(field) ? one : `${field}: ${one}`)),
  );
  return found.length > 0 ? found.join(' ') : `The server answered ${status}.`;
}

// { json, next }: `next` is where a list goes on. Throws Trouble, with status 0 when there was no answer.
export async function ask(path, { method = 'GET', body } = {}) {
  const who = signedIn();
  const headers = { ...(who ? { Authorization: `Token ${who.token}` } : {}), ...(body ? { 'Content-Type': 'application/json' } : {}) };
  const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) }).catch(() => {
    throw new Trouble(0, 'The server can not be reached.');
  });
  const json = await answer.json().catch(() => null);
  if (!answer.ok) throw new Trouble(answer.status, sentences(json, answer.status));
  const [, next] = answer.headers.get('link')?.match(/<([^>]+)>; rel="next"/) ?? [];
  return { json, next };
}

// Where to go after signing in: a page of these, else the rooms.
export function wanted() {
  const next = new URLSearchParams(location.search).get('next') ?? '';
  return /^\/ui\/[\w/]*$/.test(next) ? next : '/ui/rooms/';
}

// A form that `send` ({ name: value }) deals with: what it throws is shown, what was typed stays.
export function onForm(send) {
  const form = document.getElementById('form');
  const fault = document.getElementById('fault');
  const button = form.querySelector('button');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    fault.hidden = true;
    button.disabled = true;
    try {
      await send(Object.fromEntries(new FormData(form)));
    } catch (error) {
      fault.textContent = error.message;
      fault.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}
