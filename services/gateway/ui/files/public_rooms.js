// public_rooms - the list of the numbered rooms, and a form for staff to make one.
import { ask, onForm, signedIn } from './public.js';

const list = document.getElementById('rooms');
const status = document.getElementById('status');
const more = document.getElementById('more');
const refusal = 'You do not have permission to create a room';

function tell(text, isBad = false) {
  status.textContent = text;
  status.classList.toggle('bad', isBad);
}

function show(room) {
  const [item, link] = ['li', 'a'].map((name) => document.createElement(name));
  link.href = `/ui/room/${room.id}/`;
  link.textContent = room.name;
  item.append(link, document.createTextNode(room.topic));
  list.append(item);
}

function tellToSignIn() {
  const link = document.createElement('a');
  link.href = '/ui/login/';
  link.textContent = 'Sign in';
  tell('', true);
  status.append(link, ' to see the rooms.');
}

async function read(path) {
  try {
    const { json, next } = await ask(path);
    json.forEach(show);
    more.hidden = !next;
    more.onclick = () => read(next);
    tell(list.children.length > 0 ? '' : 'There are no rooms yet.');
  } catch (error) {
    if (error.status === 403) tellToSignIn();
    else tell(error.message, true);
  }
}

onForm(async ({ name, topic }) => {
  const who = signedIn();
  try {
    if (!who?.isAdmin) throw Object.assign(new Error(refusal), { status: 403 });
    const { json } = await ask('/rooms/', { method: 'POST', body: { name, topic, created_by: who.userid } });
    location.assign(`/ui/room/${json.id}/`);
  } catch (error) {
    if (error.status === 403) alert(refusal);
    else throw error;
  }
});

read('/rooms/');
