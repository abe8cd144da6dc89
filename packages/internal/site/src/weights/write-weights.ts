/**
 * `tsx src/weights/write-weights.ts FILE TARGET`: weights for a live page. FILE is what a training run wrote, in any format that @cnnzoo/weights
 * reads; TARGET is a safetensors file of half floats, half as large and exact to 3 digits.
 */
import { writeFileSync } from 'node:fs';
import { readWeights, type StateDict, writeSafetensors } from '@cnnzoo/weights';

const [file, target] = process.argv.slice(2);
if (file === undefined || target === undefined) throw new TypeError('write-weights.ts needs FILE and TARGET');
const halves: StateDict = new Map();
for (const [name, { shape, dtype, data }] of await readWeights(file)) {
  // How many batches running statistics have seen: PyTorch keeps it, and no prediction reads it.
  if (name.endsWith('num_batches_tracked')) continue;
  if (dtype !== 'F32') throw new RangeError(`'${name}' of ${file} is ${dtype}, expected F32`);
  halves.set(name.replace(/^module\./, ''), { shape, dtype: 'F16', data });
}
writeFileSync(target, writeSafetensors(halves, { format: 'pt' }));
