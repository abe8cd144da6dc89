/** A server that reads what it is sent and answers with constants: what it leaves of the machine is what HTTP, and the client of the bench, cost. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FromServer } from './messages.js';

const answer = Buffer.alloc(Number(process.argv[2]));
const server = createServer((request, response) => {
  request.resume().once('end', () => response.end(answer));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ address: `http://127.0.0.1:${port}` } satisfies FromServer);
});
process.once('message', () => process.exit());
