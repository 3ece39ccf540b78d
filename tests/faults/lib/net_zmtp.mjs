// net_zmtp - cuts what one side of a ZMTP 3.x connection sends into pieces that can be left out or sent twice: whole multi-part
// messages. What must arrive as it is (the greeting, commands such as PING) is marked so.

const GREETING = 64;
const MORE = 1;
const LONG = 2;
const COMMAND = 4;

// Longest piece held back while it is incomplete; beyond it the stream is passed on as it comes.
const PIECE_MAX = 4 * 1024 * 1024;

export class ZmtpSplitter {
  constructor() {
    this.rest = Buffer.alloc(0);
    this.greeting = GREETING; // bytes of it still to come
    this.lost = false;
  }

  // Bytes of the next frame, head included; 0 while they are not all there to tell.
  #frameLength(at) {
    const left = this.rest.length - at;
    if (left < 2) return 0;
    if (!(this.rest[at] & LONG)) return 2 + this.rest[at + 1];
    return left < 9 ? 0 : 9 + Number(this.rest.readBigUInt64BE(at + 1));
  }

  // Bytes of the next message or command from `from` on; 0 while it is incomplete.
  #pieceLength(from) {
    for (let at = from; ; ) {
      const length = this.#frameLength(at);
      if (length === 0 || at + length > this.rest.length) return 0;
      const flags = this.rest[at];
      at += length;
      if (!(flags & MORE)) return at - from;
    }
  }

  // Takes what came; returns the pieces that are whole: [{ bytes, isMessage }].
  push(chunk) {
    if (this.lost) return [{ bytes: chunk, isMessage: false }];
    const pieces = [];
    // Each side waits for a part of the other's greeting before it sends the rest of its own: nothing of it may be held back.
    const greeting = chunk.subarray(0, this.greeting);
    this.greeting -= greeting.length;
    if (greeting.length) pieces.push({ bytes: greeting, isMessage: false });
    chunk = chunk.subarray(greeting.length);
    this.rest = this.rest.length ? Buffer.concat([this.rest, chunk]) : chunk;
    let at = 0;
    for (let length; (length = this.#pieceLength(at)); at += length) {
      pieces.push({ bytes: this.rest.subarray(at, at + length), isMessage: !(this.rest[at] & COMMAND) });
    }
    this.rest = this.rest.subarray(at);
    if (this.rest.length > PIECE_MAX) {
      this.lost = true;
      pieces.push({ bytes: this.rest, isMessage: false });
      this.rest = Buffer.alloc(0);
    }
    return pieces;
  }
}

// The first frame of a whole message that the splitter gave.
export function topicOf(bytes) {
  const isLong = Boolean(bytes[0] & LONG);
  const from = isLong ? 9 : 2;
  return bytes.toString('latin1', from, from + (isLong ? Number(bytes.readBigUInt64BE(1)) : bytes[1]));
}
