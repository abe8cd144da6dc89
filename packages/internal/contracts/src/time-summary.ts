/** Prints how long summarizing ResNet-152 takes: `pnpm --filter @cnnzoo/contracts run time-summary`. */
import { resnet152 } from '@cnnzoo/resnet';
import { summarize } from '@cnnzoo/shape';
import '@tensorflow/tfjs-backend-cpu';

const model = resnet152({ initialWeights: 'zeros' });
const milliseconds = Array.from({ length: 21 }, () => {
  const start = performance.now();
  summarize(model);
  return performance.now() - start;
});
const [first = 0, ...others] = milliseconds;
const median = others.sort((a, b) => a - b)[Math.floor(others.length / 2)] ?? 0;
console.log(
  `summarize(resnet152()): first ${first.toFixed(1)} ms, then median ${median.toFixed(1)} ms of ${others.length}`,
);
