import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { formatSummary, type LayerSpec, summarize } from '../index.js';

const zeros = 'zeros';

describe('keras', () => {
  test('a sequential model, with what its layers are called', () => {
    const model = tf.sequential({ name: 'sequential' });
    const conv = { filters: 32, kernelSize: 3, activation: 'relu', kernelInitializer: zeros } as const;
    model.add(tf.layers.conv2d({ ...conv, name: 'conv2d', inputShape: [28, 28, 1] }));
    model.add(tf.layers.maxPooling2d({ poolSize: 2, strides: 2, name: 'max_pooling2d' }));
    model.add(tf.layers.batchNormalization({ name: 'batch_normalization' }));
    model.add(tf.layers.flatten({ name: 'flatten' }));
    model.add(tf.layers.dense({ units: 10, activation: 'softmax', name: 'dense', kernelInitializer: zeros }));
    expect(formatSummary(summarize(model), { style: 'keras' })).toBe(`\
Model: "sequential"
_________________________________________________________________
 Layer (type)                Output Shape              Param #   
=================================================================
 conv2d (Conv2D)             (None, 26, 26, 32)        320       
                                                                 
 max_pooling2d (MaxPooling2D  (None, 13, 13, 32)       0         
 )                                                               
                                                                 
 batch_normalization (BatchN  (None, 13, 13, 32)       128       
 ormalization)                                                   
                                                                 
 flatten (Flatten)           (None, 5408)              0         
                                                                 
 dense (Dense)               (None, 10)                54090     
                                                                 
=================================================================
Total params: 54,538
Trainable params: 54,474
Non-trainable params: 64
_________________________________________________________________`);
    model.dispose();
  });

  test('a network with branches has a column of connections', () => {
    const input = tf.input({ shape: [8, 8, 4], name: 'image' });
    const conv = tf.layers.conv2d({
      filters: 4,
      kernelSize: 3,
      padding: 'same',
      name: 'conv',
      kernelInitializer: zeros,
    });
    const sum = tf.layers
      .add({ name: 'add' })
      .apply([conv.apply(input) as tf.SymbolicTensor, input]) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: sum, name: 'residual' });
    expect(formatSummary(summarize(model), { style: 'keras' })).toBe(`\
Model: "residual"
__________________________________________________________________________________________________
 Layer (type)                   Output Shape         Param #     Connected to                     
==================================================================================================
 image (InputLayer)             [(None, 8, 8, 4)]    0           []                               
                                                                                                  
 conv (Conv2D)                  (None, 8, 8, 4)      148         ['image[0][0]']                  
                                                                                                  
 add (Add)                      (None, 8, 8, 4)      0           ['conv[0][0]',                   
                                                                  'image[0][0]']                  
                                                                                                  
==================================================================================================
Total params: 148
Trainable params: 148
Non-trainable params: 0
__________________________________________________________________________________________________`);
    model.dispose();
  });
});

const layers: LayerSpec[] = [
  { type: 'Conv2d', name: 'conv', outChannels: 6, kernelSize: [5, 3], stride: 2 },
  { type: 'ReLU', name: 'relu' },
  { type: 'Flatten', name: 'flatten' },
  { type: 'Linear', name: 'fc', outFeatures: 10 },
];
const summary = summarize(layers, { inputShape: [32, 32, 1] });

test('markdown', () => {
  expect(formatSummary(summary, { style: 'markdown' })).toBe(`\
| Layer   | Type    |  Output | Kernel | Stride | Parameters |   MACs | Receptive field |
| ------- | ------- | ------: | -----: | -----: | ---------: | -----: | --------------: |
| input   | Input   | 32×32×1 |        |        |            |        |                 |
| conv    | Conv2d  | 14×15×6 |    5×3 |      2 |         96 | 18,900 |             5×3 |
| relu    | ReLU    | 14×15×6 |        |        |          0 |      0 |             5×3 |
| flatten | Flatten |    1260 |        |        |          0 |      0 |             5×3 |
| fc      | Linear  |      10 |        |        |     12,610 | 12,600 |           31×31 |

12,706 parameters (12,706 trainable), 0 running statistics, 49.63 KiB as float32. 31,500 multiply-accumulates, 65,530 floating-point operations. Activations of one image: 14.80 KiB forward, 14.80 KiB backward. 0.9 operations a byte.`);
});

test('json holds every figure', () => {
  expect(JSON.parse(formatSummary(summary, { style: 'json' }))).toEqual(JSON.parse(JSON.stringify(summary)));
  expect(JSON.parse(formatSummary(summary, { style: 'json' }))).toMatchObject({
    params: 12706,
    layers: [{ name: 'conv' }, {}, {}, {}],
  });
});

test('another style is refused', () => {
  const untyped = formatSummary as (of: typeof summary, options: object) => string;
  expect(() => untyped(summary, { style: 'latex' })).toThrow(
    /style must be one of 'torchsummary', 'keras', 'markdown', 'json', got 'latex'/,
  );
});
