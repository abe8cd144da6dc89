/** tfjs's own backend in JavaScript: slow, and works everywhere. */
import { loadOnce } from '../tfjs-registry.js';
import type { Engine } from './engine.js';
import { processorName } from './onnx-engine.js';

export const cpuEngine: Engine = {
  name: 'cpu',
  backend: 'cpu',
  packageName: '@tensorflow/tfjs-backend-cpu',
  isolated: false,
  obstacle: () => null,
  remedy: 'npm install again',
  load: () =>
    loadOnce('cpu', 'cpu', async () => {
      await import('@tensorflow/tfjs-backend-cpu');
    }),
  device: () => processorName(1),
};
