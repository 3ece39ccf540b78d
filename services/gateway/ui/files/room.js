// room - the page of an open room. To whoever is signed in the room tells all that was said whenever he comes in; to guests nothing.
import { Feed } from './feed.js';

const { socket, signed } = document.getElementById('room').dataset;
let isAgain = false;

function decode(data) {
  if (typeof data !== 'string') return { text: '(bytes)' };
  try {
    const { message, username, sender, error } = Object(JSON.parse(data));
    if (error !== undefined) return { error };
    if (typeof message === 'string') return { from: username ?? sender, text: message };
  } catch {
    return { text: data };
  }
  return { text: data };
}

const feed = new Feed({
  path: socket,
  encode: (message) => JSON.stringify({ message }),
  // What was said before comes again when the connection does.
  decode: (data) => {
    if (isAgain) feed.clear();
    isAgain = false;
    return decode(data);
  },
  isOwn: (line, text) => line.text === text || (!line.from && line.text.endsWith(`: ${text}`)),
  opened: () => {
    isAgain = Boolean(signed) && feed.lines.children.length > 0;
    return null;
  },
});
