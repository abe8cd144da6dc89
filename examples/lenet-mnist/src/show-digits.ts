import type { Dataset } from '@cnnzoo/data';
import { type Protocol, predict } from '@cnnzoo/evaluate';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { drawDigits } from './draw-digits.js';

/** Three digits of the test set and the first three that the network took for others, drawn, with what it said. */
export async function showDigits(model: LayersModel, dataset: Dataset, protocol: Protocol): Promise<string> {
  const right: { image: Awaited<ReturnType<Dataset['get']>>['image']; caption: string }[] = [];
  const wrong: typeof right = [];
  for (let start = 0; start < dataset.length && wrong.length < 3; start += 100) {
    const indices = Array.from({ length: Math.min(100, dataset.length - start) }, (_, i) => start + i);
    const samples = await Promise.all(indices.map((index) => dataset.get(index)));
    const images = samples.map(({ image }) => image);
    const guesses = await predict(model, images, { protocol, categories: dataset.categories, topK: 1 });
    for (const [i, { image, label }] of samples.entries()) {
      const guess = guesses[i]?.[0];
      if (guess === undefined) continue;
      const said = `${guess.category} (${(100 * guess.probability).toFixed(1)} %)`;
      if (guess.index === label) right.push({ image, caption: `said ${said}` });
      else wrong.push({ image, caption: `said ${said}, is ${dataset.categories[label]}` });
    }
  }
  return drawDigits([...right.slice(0, 3), ...wrong.slice(0, 3)]);
}
