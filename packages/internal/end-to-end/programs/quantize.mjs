/** Writes LeNet-5 in int8, an image and its scores in Node to the folder that it is given. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freeze } from '@cnnzoo/backend-onnx';
import { lenet5 } from '@cnnzoo/lenet';
import { quantize } from '@cnnzoo/quantize';

const [folder] = process.argv.slice(2);
const model = lenet5({ seed: 1 });
const [{ shape }] = model.inputs;
const image = Float32Array.from({ length: shape[1] * shape[2] * shape[3] }, (_, i) => Math.sin(i * 0.37));
// 7 bits are added exactly by every processor, and by WebAssembly.
const quantized = await quantize(model, [image], { weights: 'int7' });
await quantized.save(join(folder, 'int8.onnx'));
const frozen = freeze(quantized);
const { input, output } = quantized.signature;
const scores = [...frozen.run(image)];
frozen.dispose();
await writeFile(
  join(folder, 'int8.json'),
  JSON.stringify({ input, output, dims: [1, ...shape.slice(1)], image: [...image], scores }),
);
console.log(JSON.stringify(quantized.facts));
