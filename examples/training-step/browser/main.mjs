// Trains LeNet-5 in a browser, on onnxruntime-web alone. The folder that serves this page has the step's three files in step/.
import * as ort from 'onnxruntime-web';
import { trainingStep } from './training-step.mjs';

const bytes = async (name) => new Uint8Array(await (await fetch(`step/${name}`)).arrayBuffer());
const manifest = await (await fetch('step/manifest.json')).json();
const [model, state] = await Promise.all([bytes(manifest.model), bytes(manifest.state)]);
const { step, save, tensors } = await trainingStep(ort, { manifest, model, state });

/** Trains on the same batch: bars, of which class k has one k columns from the left. @returns the losses */
export async function trainOnBars(steps) {
  const [count, height, width] = manifest.inputs.images.shape;
  const images = new Float32Array(count * height * width);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 10);
  labels.forEach((label, i) => {
    for (let y = 0; y < height; y++)
      images.fill(2, (i * height + y) * width + 3 * label, (i * height + y) * width + 3 * label + 2);
  });
  const losses = [];
  for (let i = 0; i < steps; i++) {
    const { loss } = await step({ images, labels, learning_rate: 0.02 });
    losses.push(loss);
    document.querySelector('#log').textContent += `step ${i + 1}: loss ${loss.toFixed(4)}\n`;
  }
  return losses;
}

globalThis.trainingStep = { step, save, tensors, trainOnBars };
