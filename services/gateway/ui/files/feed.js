// feed - the live part of a room's page: lines as they come over its WebSocket, and what is typed on its way there.
//
// A text leaves the field when it is sent, and waits below the lines until it comes back as a line; what has not come back when
// the connection ends, and what was refused, stays there to be sent again or dropped. Text and what waits outlive a reload.
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 15000;
const LINES_MAX = 2000; // later ones push the first out
const WAITING_MAX = 32; // more stay in the field

// Close codes after which there is nothing to come back to.
const ends = {
  4401: 'You are not signed in any more.',
  4403: 'You were removed from this room.',
  4404: 'This room is gone.',
};

// How many of the lines `after` are the last of `before` already.
export function overlap(before, after, isSame) {
  for (let n = Math.min(before.length, after.length); n > 0; n--)
    if (after.slice(0, n).every((line, i) => isSame(line, before[before.length - n + i]))) return n;
  return 0;
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

export class Feed {
  // `path` of the socket; `encode` (text) gives a frame; `decode` (data) gives { from, text }, { error }, or null for what is not
  // shown; `isOwn` (line, text) says whether a line is that text come back; `opened` () may return a promise of lines that went
  // before, instead of which all that is shown is replaced; `obstacle` () gives a sentence when nothing can be said here.
  constructor({ path, encode, decode, isOwn, opened = () => null, obstacle = () => null }) {
    Object.assign(this, { path, encode, decode, isOwn, opened, obstacle, tries: 0, early: null });
    for (const id of ['lines', 'waiting', 'status', 'say', 'text']) this[id] = document.getElementById(id);
    this.texts = []; // { text, isSent: false where it can be sent again }
    this.restore();
    this.listen();
    this.connect();
  }

  tell(text, isBad = false) {
    if (this.status.textContent !== text) this.status.textContent = text;
    this.status.classList.toggle('bad', isBad);
  }

  // ---- the connection ------------------------------------------------------------

  connect() {
    clearTimeout(this.timer);
    this.socket?.close(); // one that is still trying would be one too many
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
    const socket = new WebSocket(url);
    this.socket = socket;
    socket.addEventListener('open', () => this.isCurrent(socket) && this.onOpen(socket));
    socket.addEventListener('message', ({ data }) => this.isCurrent(socket) && this.onFrame(data));
    socket.addEventListener('close', ({ code }) => this.isCurrent(socket) && this.onClose(code));
  }

  isCurrent(socket) {
    return this.socket === socket;
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  async onOpen(socket) {
    this.tries = 0;
    this.hasOpened = true;
    this.tell('Connected');
    const before = this.opened();
    if (!before) return;
    this.early = []; // lines that come before those that went before them
    try {
      const lines = await before;
      if (!this.isCurrent(socket)) return;
      const early = this.early.slice(overlap(lines, this.early, (a, b) => a.from === b.from && a.text === b.text));
      this.clear();
      [...lines, ...early].forEach((line) => this.show(line));
    } catch (error) {
      if (!this.isCurrent(socket)) return;
      this.tell(error.message, true);
      this.early.forEach((line) => this.show(line));
    }
    this.early = null;
  }

  onClose(code) {
    this.early = null;
    this.texts.forEach((one) => (one.isSent = false));
    this.list();
    if (ends[code]) {
      this.tell(ends[code], true);
      return;
    }
    const ms = Math.min(PAUSE_MS * 2 ** this.tries++, PAUSE_MAX_MS) * (0.5 + Math.random() / 2);
    this.tell(this.hasOpened ? 'The connection is lost; trying again.' : 'No way in: the server is away, or the room is not open to you. Trying again.', true);
    this.timer = setTimeout(() => this.connect(), ms);
  }

  onFrame(data) {
    const line = this.decode(data);
    if (line?.error !== undefined) this.onRefused(line.error);
    else if (line && this.early) this.early.push(line);
    else if (line) this.show(line);
  }

  // Frames say not which text they refuse: answers come in order, so it is the first that is on its way.
  onRefused(error) {
    const refused = this.texts.find((one) => one.isSent);
    if (refused) refused.isSent = false;
    this.tell(`Refused: ${error}`, true);
    this.list();
  }

  // ---- lines -------------------------------------------------------------------------

  clear() {
    this.lines.replaceChildren();
  }

  show(line) {
    const { lines } = this;
    const view = lines.parentElement;
    const isAtEnd = view.scrollTop + view.clientHeight >= view.scrollHeight - 40;
    const item = element('li', line.from ? '' : line.text);
    if (line.from) item.append(element('b', line.from), line.text);
    lines.append(item);
    while (lines.children.length > LINES_MAX) lines.firstChild.remove();
    if (isAtEnd) view.scrollTop = view.scrollHeight;
    const come = this.texts.find((one) => one.isSent && this.isOwn(line, one.text));
    if (come) this.drop(come);
  }

  // ---- what is typed ------------------------------------------------------------------

  listen() {
    this.say.addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
    this.text.addEventListener('input', () => this.keep());
    this.text.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.say.requestSubmit();
    });
    addEventListener('online', () => !this.isOpen && this.timer && this.connect());
  }

  submit() {
    const text = this.text.value.trim();
    const obstacle = this.obstacle();
    if (!text) return;
    if (obstacle) this.tell(obstacle, true);
    else if (!this.isOpen) this.tell('Not connected: what you typed stays here until it can be sent.', true);
    else if (this.texts.length >= WAITING_MAX) this.tell('Too much is waiting to be confirmed: what you typed stays here.', true);
    else {
      const one = { text, isSent: true };
      this.texts.push(one);
      this.text.value = '';
      this.socket.send(this.encode(text));
      this.list();
    }
  }

  again(one) {
    if (!this.isOpen) {
      this.tell('Not connected yet.', true);
      return;
    }
    one.isSent = true;
    this.socket.send(this.encode(one.text));
    this.list();
  }

  drop(one) {
    this.texts = this.texts.filter((other) => other !== one);
    this.list();
  }

  list() {
    this.waiting.replaceChildren(
      ...this.texts.map((one) => {
        const item = element('li', `${one.text} - ${one.isSent ? 'sending' : 'not confirmed'}`);
        if (one.isSent) return item;
        for (const [what, act] of [['Send again', () => this.again(one)], ['Drop', () => this.drop(one)]]) {
          const button = element('button', what);
          button.type = 'button';
          button.addEventListener('click', act);
          item.append(button);
        }
        return item;
      }),
    );
    this.keep();
  }

  get place() {
    return `typed ${this.path}`;
  }

  // A browser that keeps nothing for pages loses this with the page.
  keep() {
    try {
      sessionStorage.setItem(this.place, JSON.stringify({ text: this.text.value, texts: this.texts.map((one) => one.text) }));
    } catch {
      this.isForgetful = true;
    }
  }

  restore() {
    try {
      const { text, texts } = JSON.parse(sessionStorage.getItem(this.place)) ?? { text: '', texts: [] };
      this.text.value ||= text;
      this.texts = texts.map((one) => ({ text: one, isSent: false }));
    } catch {
      this.isForgetful = true;
    }
    this.list();
  }
}
