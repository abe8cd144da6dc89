/** What label smoothing does to the targets and to the gradient: the loss is lowest at a finite logit. */
import { crossEntropy, smoothLabels } from '@cnnzoo/losses';
import '@tensorflow/tfjs-backend-cpu';
// tfjs-core does not register its gradients itself; tfjs-layers does.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import * as tf from '@tensorflow/tfjs-core';
import { element, slider, table } from './elements.js';

interface Smoothed {
  readonly targets: readonly number[];
  readonly probabilities: readonly number[];
  readonly gradient: readonly number[];
  readonly loss: number;
}

/** What the loss makes of one image of the first class, whose logit is `logit` and all others' 0. */
function smoothed(classes: number, smoothing: number, logit: number): Smoothed {
  return tf.tidy(() => {
    const labels = tf.tensor1d([0], 'int32');
    const logits = tf.tensor2d([[logit, ...Array<number>(classes - 1).fill(0)]]);
    const { value, grad } = tf.valueAndGrad((z) =>
      crossEntropy(labels, z as tf.Tensor2D, { labelSmoothing: smoothing }),
    )(logits);
    return {
      targets: [...smoothLabels(labels, classes, smoothing).dataSync()],
      probabilities: [...tf.softmax(logits).dataSync()],
      gradient: [...grad.dataSync()],
      loss: value.dataSync()[0] ?? Number.NaN,
    };
  });
}

export function mount(place: HTMLElement): void {
  const chosen = { smoothing: 0.25, classes: 4, logit: 4 };
  const said = element('p', { id: 'smoothed', 'aria-live': 'polite' });
  const bars = element('div', { class: 'scrolls', tabindex: '0', 'aria-label': 'targets and predictions' });
  const update = () => {
    const { smoothing, classes, logit } = chosen;
    const { targets, probabilities, gradient, loss } = smoothed(classes, smoothing, logit);
    const row = (name: string, i: number) => [
      name,
      ...[targets, probabilities, gradient].map((of) => (of[i] ?? 0).toFixed(4)),
    ];
    const [right = 1, other = 0] = targets;
    const best = smoothing === 0 ? 'grows without end' : `is ${Math.log(right / other).toFixed(2)}`;
    said.textContent = `Loss ${loss.toFixed(4)}. The logit of the right class with the lowest loss ${best}.`;
    bars.replaceChildren(
      table(
        ['class', 'target', 'prediction', 'gradient of the loss by the logit'],
        [row('right', 0), row('each other', 1)],
      ),
    );
  };
  const control = (name: keyof typeof chosen, text: string, min: number, max: number, step: number) =>
    slider(text, { min, max, step, value: chosen[name] }, (value) => {
      chosen[name] = value;
      update();
    });
  place.replaceChildren(
    control('smoothing', 'smoothing e', 0, 0.9, 0.05),
    control('classes', 'classes', 2, 10, 1),
    control('logit', "the right class's logit", -2, 10, 0.25),
    said,
    bars,
  );
  update();
}
