/**
 * Makes in a folder what programs want from elsewhere: weights of ResNet-18 as timm has them, under their host and path, and images of two classes that
 * differ in their colour. The weights are random, which is enough for programs to run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createModel, evaluate, useBackend, weights } from 'cnnzoo';

const [, , folder = 'mirror'] = process.argv;
await useBackend();
const set = join(folder, 'huggingface.co/timm/resnet18.tv_in1k/resolve/main');
mkdirSync(set, { recursive: true });
const model = createModel('resnet18', { seed: 1 });
writeFileSync(join(set, 'model.safetensors'), weights.writeSafetensors(weights.stateDict(model), { format: 'pt' }));

async function writeImage(path, colour) {
  const [width, height] = [96, 80];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => colour[i % 3]);
  writeFileSync(path, await evaluate.toPng({ data, width, height, channels: 3 }));
}
const colours = { cat: [200, 120, 40], dog: [30, 60, 160] };
for (const [part, count] of Object.entries({ pets: 8, 'pets-test': 2 }))
  for (const [name, [red, green, blue]] of Object.entries(colours)) {
    mkdirSync(join(folder, 'images', part, name), { recursive: true });
    for (let i = 0; i < count; i++)
      await writeImage(join(folder, 'images', part, name, `${i}.png`), [red + 5 * i, green + 3 * i, blue + 2 * i]);
  }
// What is in a file is told by its contents.
await writeImage(join(folder, 'images/cat.jpg'), colours.cat);
