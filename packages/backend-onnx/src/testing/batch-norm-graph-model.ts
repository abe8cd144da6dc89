/** A graph of tfjs-converter whose batch norms stand beside their convolutions, as a TensorFlow 1 network has them. */
import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import type { io } from '@tensorflow/tfjs-core';

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
const float = { type: 'DT_FLOAT' };

/** @param pairs convolutions, each followed by a batch norm and ReLU, on images [any, 12, 12, 8] */
export async function batchNormGraphModel(pairs: number): Promise<GraphModel> {
  const dim = [-1, 12, 12, 8].map((size) => ({ size: String(size) }));
  const node: object[] = [{ name: 'x', op: 'Placeholder', attr: { dtype: float, shape: { shape: { dim } } } }];
  const weightSpecs: io.WeightsManifestEntry[] = [];
  const values: number[] = [];
  const constant = (name: string, shape: number[], value: (i: number) => number) => {
    node.push({ name, op: 'Const', attr: { dtype: float } });
    weightSpecs.push({ name, shape, dtype: 'float32' });
    const size = shape.reduce((product, extent) => product * extent, 1);
    for (let i = 0; i < size; i++) values.push(value(i));
    return name;
  };
  let x = 'x';
  for (let pair = 0; pair < pairs; pair++) {
    const filter = constant(`filter${pair}`, [3, 3, 8, 8], (i) => Math.sin(i + pair) / 8);
    const strides = { list: { i: ['1', '1', '1', '1'] } };
    const attr = { strides, dilations: strides, padding: text('SAME'), data_format: text('NHWC'), T: float };
    node.push({ name: `conv${pair}`, op: 'Conv2D', input: [x, filter], attr });
    const statistics = [
      constant(`scale${pair}`, [8], (i) => 1 + i / 8),
      constant(`offset${pair}`, [8], (i) => i / 10 - 0.3),
      constant(`mean${pair}`, [8], (i) => i / 20),
      constant(`variance${pair}`, [8], (i) => 0.5 + i / 4),
    ];
    const settings = { epsilon: { f: 1e-3 }, is_training: { b: false }, data_format: text('NHWC') };
    node.push({ name: `norm${pair}`, op: 'FusedBatchNormV3', input: [`conv${pair}`, ...statistics], attr: settings });
    x = `relu${pair}`;
    node.push({ name: x, op: 'Relu', input: [`norm${pair}`], attr: { T: float } });
  }
  const weightData = new Float32Array(values).buffer;
  return loadGraphModel({ load: async () => ({ modelTopology: { node, versions: {} }, weightSpecs, weightData }) });
}
