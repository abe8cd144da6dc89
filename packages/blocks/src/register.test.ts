import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('a fresh process loads a saved model after one import', () => {
  const topology = {
    class_name: 'Model',
    config: {
      name: 'm',
      layers: [
        {
          class_name: 'InputLayer',
          name: 'x',
          config: { batch_input_shape: [null, 4, 4, 3], dtype: 'float32', name: 'x' },
          inbound_nodes: [],
        },
        {
          class_name: 'CnnzooConv2D',
          name: 'c',
          config: { name: 'c', filters: 2, kernel_size: [3, 3], padding: 1 },
          inbound_nodes: [[['x', 0, 0, {}]]],
        },
      ],
      input_layers: [['x', 0, 0]],
      output_layers: [['c', 0, 0]],
    },
  };
  const program = `
    import * as tf from '@tensorflow/tfjs-core';
    import '@tensorflow/tfjs-backend-cpu';
    import { loadLayersModel } from '@tensorflow/tfjs-layers';
    import '@cnnzoo/blocks/register';
    const model = await loadLayersModel(tf.io.fromMemory({ modelTopology: ${JSON.stringify(topology)} }));
    process.stdout.write(JSON.stringify(model.outputs[0].shape));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: new URL('..', import.meta.url),
    encoding: 'utf8',
  });
  expect(JSON.parse(output)).toEqual([null, 4, 4, 2]);
});
