/** A server of `fakeClassifier`, and what tests send to it. */
import { onTestFinished } from 'vitest';
import { createServer, type ServerOptions } from '../index.js';
import { type FakeClassifier, fakeClassifier, imageValues } from './fake-classifier.js';

/** The server of one test, which closes it. */
export async function serverOf(options: Partial<ServerOptions> = {}, classifier: FakeClassifier = fakeClassifier()) {
  const server = await createServer({
    models: [{ name: 'colours', classifier }],
    formats: ['PPM'],
    log: false,
    drainGrace: 100,
    decodeWorkers: 1,
    // Tests count batches.
    workers: 1,
    ...options,
  });
  onTestFinished(() => server.close());
  return { server, app: server.app, classifier };
}

export const image = (value: number) => new Array<number>(imageValues).fill(value);

/** A request with images one after the other. */
export const tensor = (values: readonly number[], images = 1) => ({
  inputs: [{ name: 'pixels', datatype: 'FP32', shape: [images, 4, 4, 3], data: values }],
});

/** The address that it goes to. */
export const infer = '/v2/models/colours/infer';

/** A form as a request has it. */
export async function asPayload(form: FormData): Promise<{ payload: Buffer; headers: { 'content-type': string } }> {
  const response = new Response(form);
  return {
    payload: Buffer.from(await response.arrayBuffer()),
    headers: { 'content-type': response.headers.get('content-type') ?? '' },
  };
}
