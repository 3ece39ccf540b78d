// raw - bytes on a TCP connection, for requests no decent client would make.
import { connect } from 'node:net';

// Sends `bytes`, returns all that came back until the peer closed or `ms` passed: { text, closed }.
export function raw(port, bytes, ms = 3000) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const timer = setTimeout(() => finish(false), ms);
    function finish(closed) {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', () => finish(true));
    socket.on('close', () => finish(true));
    socket.write(bytes);
  });
}

// As above, but resolves at the first whole response head.
export function rawHead(port, bytes, ms = 3000) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const timer = setTimeout(() => done(), ms);
    function done() {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    }
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (text.includes('\r\n\r\n')) done();
    });
    socket.on('error', done);
    socket.on('close', done);
    socket.write(bytes);
  });
}
