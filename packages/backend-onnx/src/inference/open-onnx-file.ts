import { availableParallelism } from 'node:os';
import { boolean, check, checkOptions, either, integer, type OptionRules, optional, string } from '@cnnzoo/checks';
import type { FrozenModel, FrozenModelInWorker } from './freeze.js';
import { startWorkerPool } from './inference-workers.js';
import { onnxFileSession } from './onnx-file-session.js';
import { type OnnxFileSignature, signatureRule } from './onnx-file-signature.js';
import { answered, type RequestOptions } from './request.js';
import { checkArray } from './signature.js';
import { warnOfProcessor } from './warn-of-processor.js';

/** The options of `openOnnxFile`. */
export interface OpenOnnxFileOptions {
  /** Threads of one operator. Default: the processors that this process may use, shared by the workers. */
  readonly threads?: number;
  /** `true` for a thread of its own, or this many. Default: the calling thread. */
  readonly worker?: boolean | number;
  /** Whether the workers are processes. Where onnxruntime crashes, the requests of one fail and the app continues. Default false: threads. */
  readonly processes?: boolean;
}

/** An ONNX file that runs in the calling thread. */
export type OnnxFileModel = Pick<FrozenModel, 'run' | 'dispose'>;

/** An ONNX file that runs in workers. */
export type OnnxFileModelInWorker = Pick<FrozenModelInWorker, 'run' | 'dispose'>;

const rules: OptionRules<OpenOnnxFileOptions> = {
  threads: optional(integer(1)),
  worker: optional(either(boolean, integer(1))),
  processes: optional(boolean),
};

/**
 * Opens an ONNX file of images for onnxruntime, which runs it as it is: whoever exported it, with the operators of any version that onnxruntime reads. Where it is
 * quantized for another processor than this one, a QuantizationWarning says so once.
 * @param path of the file; weights in a file beside it are found
 * @param signature the names of its input and output and their shapes. `run` takes images with channels last, whatever the file's layout
 * @param options `threads`, `worker`, `processes`
 * @returns `run` and `dispose`, as of a frozen model; with `worker` both are promises
 * @throws TypeError or RangeError naming the argument that is wrong; Error of onnxruntime where it cannot read the file, with `worker` at the first `run`
 * @example
 * import { openOnnxFile } from '@cnnzoo/backend-onnx';
 *
 * const file = openOnnxFile('squeezenet.onnx', {
 *   model: 'squeezenet',
 *   input: 'data',
 *   output: 'logits',
 *   inputShape: [224, 224, 3],
 *   outputShape: [1000],
 *   batchSize: 1,
 *   layout: 'NCHW',
 *   type: 'float32',
 * });
 * console.log(file.run(new Float32Array(224 * 224 * 3)).length); // 1000
 * file.dispose();
 */
export function openOnnxFile(
  path: string,
  signature: OnnxFileSignature,
  options: OpenOnnxFileOptions & { readonly worker: true | number },
): OnnxFileModelInWorker;
export function openOnnxFile(
  path: string,
  signature: OnnxFileSignature,
  options?: Omit<OpenOnnxFileOptions, 'worker' | 'processes'> & { readonly worker?: false },
): OnnxFileModel;
export function openOnnxFile(
  path: string,
  signature: OnnxFileSignature,
  options: OpenOnnxFileOptions = {},
): OnnxFileModel | OnnxFileModelInWorker {
  check('path', path, string('the path of an ONNX file'));
  check('signature', signature, signatureRule);
  const {
    threads,
    worker = false,
    processes = false,
  } = checkOptions<OpenOnnxFileOptions>('openOnnxFile', options, rules);
  const workers = Number(worker);
  if (processes && workers === 0)
    throw new RangeError('openOnnxFile: processes says what workers are, but there is none: add worker: true');
  const share = threads ?? Math.max(1, Math.floor(availableParallelism() / Math.max(1, workers)));
  warnOfProcessor(path, path);
  const graph = { path, signature };
  // Batches of any size: the session cuts them where the file wants a given one.
  const anyBatch = { ...signature, batchSize: null };
  let disposed = false;
  const checkUsable = () => {
    if (disposed) throw new Error(`the ONNX file '${path}' has been disposed: open it again`);
  };
  if (workers === 0) {
    const session = onnxFileSession(graph, { threads: share });
    return {
      run(images: Float32Array) {
        checkUsable();
        checkArray(images, anyBatch);
        return session.run(images);
      },
      dispose() {
        if (!disposed) session.dispose();
        disposed = true;
      },
    };
  }
  const pool = startWorkerPool(workers, { graph, threads: share, kind: processes ? 'process' : 'thread' });
  return {
    async run(images: Float32Array, requestOptions?: RequestOptions) {
      checkUsable();
      checkArray(images, anyBatch);
      const copy = new Float32Array(images);
      return answered(`ONNX file '${path}'`, requestOptions, (ticket) => pool.run(copy, ticket));
    },
    async dispose() {
      if (!disposed) await pool.close();
      disposed = true;
    },
  };
}
