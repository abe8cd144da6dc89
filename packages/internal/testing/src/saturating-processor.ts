/** A processor on which sums of 8-bit products saturate, for processes that are started on one that computes them exactly. */

/**
 * Replaces the answer of onnxruntime's product of 64x64 integers by what AVX2 alone gives: of each two products 32,767. All else is computed as this processor does.
 * For AVX2 itself, where QEMU is: `qemu-x86_64 -cpu Haswell-v4 node …`
 */
const module = `
  import Module from 'node:module';
  const load = Module._load;
  let replaced = null;
  Module._load = function (name, ...rest) {
    const loaded = load.call(this, name, ...rest);
    if (!name.endsWith('onnxruntime-node/dist/binding.js')) return loaded;
    class InferenceSession extends loaded.binding.InferenceSession {
      run(feeds, fetches, options) {
        try {
          return super.run(feeds, fetches, options);
        } finally {
          for (const result of Object.values(fetches)) if (result?.type === 'int32') result.data.fill(32 * 32767);
        }
      }
    }
    replaced ??= { ...loaded, binding: { ...loaded.binding, InferenceSession } };
    return replaced;
  };`;

/** The arguments of node that make a process see such a processor. */
export const saturatingProcessor: readonly string[] = [
  '--import',
  `data:text/javascript,${encodeURIComponent(module)}`,
];
