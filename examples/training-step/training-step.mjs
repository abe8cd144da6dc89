// A training step that cnnzoo has exported, in Node or in a browser: `ort` is onnxruntime-node or onnxruntime-web.

const arrays = { F32: Float32Array, I32: Int32Array };
const types = { F32: 'float32', I32: 'int32' };

/** The tensors of a safetensors file, by name. */
export function readSafetensors(ort, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  delete header.__metadata__;
  return Object.fromEntries(
    Object.entries(header).map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        // Copied: a tensor of four bytes an element has to begin at a multiple of four.
        const values = new arrays[dtype](new Uint8Array(bytes.subarray(start + begin, start + end)).buffer);
        return [name, new ort.Tensor(types[dtype], values, shape)];
      },
    ),
  );
}

export function writeSafetensors(tensors) {
  let length = 0;
  const header = {};
  for (const [name, { type, dims, data }] of Object.entries(tensors)) {
    const dtype = type === 'int32' ? 'I32' : 'F32';
    header[name] = { dtype, shape: dims, data_offsets: [length, length + data.byteLength] };
    length += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(start + length).fill(0x20, 8, start);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(text, 8);
  for (const [name, { data }] of Object.entries(tensors))
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + header[name].data_offsets[0]);
  return bytes;
}

/**
 * @param manifest the parsed manifest.json
 * @param model bytes of the .onnx file
 * @param state bytes of the safetensors file
 */
export async function trainingStep(ort, { manifest, model, state }) {
  const session = await ort.InferenceSession.create(model);
  let tensors = readSafetensors(ort, state);
  return {
    /** One update. Give what the manifest calls inputs: images, labels, learning_rate and, with dropout, seed. */
    async step(given) {
      const feeds = { ...tensors };
      for (const [name, { shape, dtype }] of Object.entries(manifest.inputs))
        feeds[name] = new ort.Tensor(dtype, shape.length === 0 ? [given[name]] : given[name], shape);
      const results = await session.run(feeds);
      tensors = Object.fromEntries(
        manifest.carry.map(({ input, output }) => [input, output === null ? tensors[input] : results[output]]),
      );
      return Object.fromEntries(manifest.outputs.map((name) => [name, results[name].data[0]]));
    },
    /** The state, by the names of the inputs. */
    tensors: () => tensors,
    /** The state as the bytes of a safetensors file. */
    save: () => writeSafetensors(tensors),
  };
}
