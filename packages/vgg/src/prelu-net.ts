/** PReLU networks: He et al., "Delving deep into rectifiers" (2015), table 3: VGG-19 with its last convolutions at smaller maps. */
import {
  buildModel,
  connect,
  constant,
  conv2d,
  type DropoutModelOptions,
  dense,
  dropout,
  kaimingNormal,
  maxPooling2d,
  prelu,
  spatialPyramidPooling,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';

// The paper's table 3: 3x3 convolutions in each of the three stages, and their channels.
// biome-ignore format: reads as the paper's table
const variants = {
  //                                  56x56 28x28 14x14
  prelu_net_a: { convolutions: 5, filters: [256,  512,  512] },
  prelu_net_b: { convolutions: 6, filters: [256,  512,  512] },
  prelu_net_c: { convolutions: 6, filters: [384,  768,  896] },
} as const;

function build(id: keyof typeof variants, options: DropoutModelOptions): LayersModel {
  const { convolutions, filters } = variants[id];
  const bias = constant(0);
  return buildModel(
    {
      id,
      // What four halvings leave, and the pyramid's bins may share positions.
      defaults: { numClasses: 1000, inputShape: [224, 224, 3], smallestInput: 16, dropout: 0.5 },
      preprocessing: 'imagenet',
      // The paper's section 2.2, for slopes of 0.25 at the beginning: He et al. divide by 1 + 0.25 squared, which 2 is close to.
      initialWeights: { conv2d: { kernel: kaimingNormal(), bias }, dense: { kernel: kaimingNormal(), bias } },
      features: (input) =>
        filters.reduce<SymbolicTensor>(
          (x, width, stage) => {
            const name = `stage${stage + 1}`;
            const units = Array.from({ length: convolutions }, (_, index) => [
              conv2d({ name: `${name}.${index}.conv`, filters: width, kernelSize: 3, padding: 1 }),
              prelu({ name: `${name}.${index}.prelu` }),
            ]);
            return connect(x, maxPooling2d({ name: `${name}.pool`, poolSize: 2 }), ...units.flat());
          },
          connect(
            input,
            conv2d({ name: 'stem.conv', filters: 96, kernelSize: 7, stride: 2, padding: 3 }), // 112x112
            prelu({ name: 'stem.prelu' }),
          ),
        ),
      classifier: (features, { numClasses, dropout: rate }) => {
        const hidden = [1, 2].flatMap((index) => [
          dense({ name: `fc${index}`, units: 4096 }),
          prelu({ name: `fc${index}.prelu` }),
          dropout({ name: `fc${index}.dropout`, rate }),
        ]);
        const pyramid = spatialPyramidPooling({ name: 'spp', levels: [7, 3, 2, 1] });
        return connect(features, pyramid, ...hidden, dense({ name: 'fc3', units: numClasses }));
      },
    },
    options,
  );
}

/**
 * PReLU-net A: He et al. (2015), table 3, with parametric ReLU and spatial pyramid pooling. 178,032,072 parameters, 19.0 GMACs.
 * @param options see `ModelOptions`; `dropout`, 0.5 unless you say otherwise, after both hidden dense layers. Smallest input 16x16;
 *   height and width may be unknown (null).
 * @returns a model from [batch, 224, 224, 3] to logits [batch, 1000]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { preluNetA } from '@cnnzoo/vgg';
 *
 * const model = preluNetA({ numClasses: 10, inputShape: [64, 64, 3], seed: 1 });
 */
export function preluNetA(options: DropoutModelOptions = {}): LayersModel {
  return build('prelu_net_a', options);
}

/** PReLU-net B: one more convolution in each stage. 183,343,048 parameters, 23.2 GMACs. See {@link preluNetA}. */
export function preluNetB(options: DropoutModelOptions = {}): LayersModel {
  return build('prelu_net_b', options);
}

/** PReLU-net C: B with more channels. 330,623,944 parameters, 53.2 GMACs. See {@link preluNetA}. */
export function preluNetC(options: DropoutModelOptions = {}): LayersModel {
  return build('prelu_net_c', options);
}
