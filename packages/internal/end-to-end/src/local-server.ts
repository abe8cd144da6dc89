import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that only this machine reaches. */
export interface LocalServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Has a server listen on a free port of the loopback interface. It runs in this process and cannot outlive it. */
export async function listen(server: Server): Promise<LocalServer> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
