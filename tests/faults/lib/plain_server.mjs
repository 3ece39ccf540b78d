// plain_server - what Node's own HTTP server does with transfers: gives bytes without end, takes bytes and throws them away, and says that every upload
// stands at 0. The yardstick for transfers beside chat. Prints its port.
import { createServer } from 'node:http';

const piece = Buffer.alloc(256 * 1024);

function give(answer) {
  while (answer.writable && answer.write(piece));
  answer.once('drain', () => give(answer));
}

const server = createServer({ requestTimeout: 0 }, (request, answer) => {
  request.resume();
  if (request.method === 'GET') give(answer.writeHead(200));
  else if (request.method === 'HEAD') answer.writeHead(204, { 'Upload-Offset': '0' }).end();
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit(0));
