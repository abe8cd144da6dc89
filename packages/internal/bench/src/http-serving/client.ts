/** A client that keeps its connections, and says of each request when and how it was answered. */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';

export interface Answered {
  readonly status: number;
  readonly body: Buffer;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds since the request had a connection: what it waits for one is the client's own. */
  readonly time: number;
}

export interface Client {
  post(
    path: string,
    body: Uint8Array,
    options?: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal },
  ): Promise<Answered>;
  close(): void;
}

export function clientOf(address: URL, connections: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    post: (path, body, { headers = {}, signal } = {}) =>
      new Promise((resolve, reject) => {
        let start = performance.now();
        const request = httpRequest(
          {
            host: address.hostname,
            port: address.port,
            path,
            method: 'POST',
            agent,
            headers: { ...headers, 'content-length': body.length },
            ...(signal && { signal }),
          },
          (response) => {
            const parts: Buffer[] = [];
            response.on('data', (part: Buffer) => parts.push(part));
            response.on('error', reject);
            response.on('end', () =>
              resolve({
                status: response.statusCode ?? 0,
                body: Buffer.concat(parts),
                headers: response.headers,
                time: performance.now() - start,
              }),
            );
          },
        );
        request.on('socket', () => {
          start = performance.now();
        });
        request.on('error', reject);
        request.end(body);
      }),
    close: () => agent.destroy(),
  };
}

/** A request of the Open Inference Protocol with its tensor as bytes, which asks for bytes. */
export function tensorRequest(
  images: Float32Array,
  shape: readonly number[],
  names: { readonly input: string; readonly output: string },
): { readonly body: Buffer; readonly headers: Record<string, string> } {
  const bytes = Buffer.from(images.buffer, images.byteOffset, images.byteLength);
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ name: names.input, datatype: 'FP32', shape, parameters: { binary_data_size: bytes.length } }],
      outputs: [{ name: names.output, parameters: { binary_data: true } }],
    }),
  );
  return {
    body: Buffer.concat([head, bytes]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
    },
  };
}

/** The float32 values behind the JSON of an answer. */
export function tensorOf({ body, headers }: Answered): Float32Array {
  const length = Number(headers['inference-header-content-length']);
  return new Float32Array(new Uint8Array(body.subarray(length)).buffer);
}
