// speaker - a WebSocket of a dialect's client: the frames that came, in order, and what became of the handshake.
import WebSocket from 'ws';
import { until } from './cluster.mjs';

// What is taken to show that nothing comes.
const QUIET_MS = 300;

export class Speaker {
  // Resolves when it is open; rejects with `status` of the refusal. `name` is the room's, `query` may be given with it.
  static open(base, name, { headers = {}, protocols = [] } = {}) {
    const url = `${base.replace(/^http/, 'ws')}/ws/chat/${name}`;
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, protocols, { headers });
      const self = new Speaker(socket);
      socket.on('open', () => resolve(self));
      socket.on('unexpected-response', (request, response) => {
        request.destroy();
        reject(Object.assign(new Error(`refused with ${response.statusCode}`), { status: response.statusCode }));
      });
      socket.on('error', reject);
    });
  }

  // The status with which it is refused; 101 when it is not.
  static async refused(base, name, options) {
    try {
      (await Speaker.open(base, name, options)).close();
      return 101;
    } catch (error) {
      if (error.status === undefined) throw error;
      return error.status;
    }
  }

  constructor(socket) {
    this.socket = socket;
    this.frames = []; // text as a string, binary as a Buffer
    this.at = 0;
    this.code = undefined;
    socket.on('message', (data, isBinary) => this.frames.push(isBinary ? data : data.toString()));
    socket.on('close', (code) => (this.code = code));
  }

  send(what) {
    this.socket.send(typeof what === 'string' || Buffer.isBuffer(what) ? what : JSON.stringify(what));
  }

  // The next frame as it came.
  async raw(ms = 8000) {
    await until('a frame', () => this.at < this.frames.length || this.code !== undefined, ms);
    if (this.at >= this.frames.length) throw new Error(`closed with ${this.code}`);
    return this.frames[this.at++];
  }

  async next(ms) {
    return JSON.parse(await this.raw(ms));
  }

  // Frames that nobody has read, once it has been quiet.
  async rest() {
    await new Promise((done) => setTimeout(done, QUIET_MS));
    return this.frames.slice(this.at);
  }

  async closed(ms = 8000) {
    await until('the end of the socket', () => this.code !== undefined, ms);
    return this.code;
  }

  close() {
    this.socket.close();
  }
}
