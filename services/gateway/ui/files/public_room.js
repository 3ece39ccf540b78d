// public_room - the page of a numbered room: what was said, then what is being said.
import { Feed } from './feed.js';
import { ask, signedIn } from './public.js';

const { room, socket } = document.getElementById('room').dataset;
const guest = document.getElementById('guest');
guest.hidden = signedIn() !== null;

async function before() {
  const { json } = await ask(`/messages/${room}/`);
  document.getElementById('name').textContent = json.name;
  return json.messages.map(({ user, content }) => ({ from: user ?? 'somebody', text: content }));
}

function decode(data) {
  try {
    const { message, username, error } = Object(JSON.parse(data));
    // The session may have ended where what this page keeps has not.
    if (error !== undefined) {
      guest.hidden = false;
      return { error };
    }
    return typeof message === 'string' ? { from: username ?? 'somebody', text: message } : null;
  } catch {
    return null;
  }
}

new Feed({
  path: socket,
  encode: (message) => JSON.stringify({ message, userid: signedIn().userid }),
  decode,
  isOwn: (line, text) => line.text === text,
  opened: before,
  obstacle: () => (signedIn() ? null : 'Sign in to say something; what you typed stays here.'),
});
