/**
 * Network in network: Lin et al. (2013), with the sizes of the authors' Caffe files, and DSN, which is one with companion heads: Lee et
 * al., "Deeply-supervised nets" (2014).
 */
import {
  type Architecture,
  type AuxiliaryModelOptions,
  averagePooling2d,
  buildModel,
  connect,
  constant,
  conv2d,
  type DropoutModelOptions,
  dense,
  dropout,
  flatten,
  globalAveragePooling2d,
  glorotUniform,
  kaimingNormal,
  maxPooling2d,
  mlpconv,
  normal,
  relu,
} from '@cnnzoo/blocks';
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { aliveClasses } from './alive-classes.js';

const bias = constant(0);
const initialWeights = { conv2d: { kernel: kaimingNormal(), bias }, dense: { kernel: kaimingNormal(), bias } };
/**
 * The authors' of DSN. A companion head has up to 196,608 inputs: beside He's weights, whose outputs are 3 times as large, its first steps
 * at the paper's learning rate diverge.
 */
const dsnWeights = { conv2d: { kernel: normal({ deviation: 0.05 }), bias }, dense: { kernel: glorotUniform(), bias } };

// Lin et al. (2013), figure 2; sizes of the authors' CIFAR-10 file. The last 1x1 convolution, to the classes, is the classifier's.
const cifarStages = [
  { filters: [192, 160, 96], kernelSize: 5 }, // 32x32
  { filters: [192, 192, 192], kernelSize: 5 }, // 16x16
  { filters: [192, 192], kernelSize: 3 }, // 8x8
] as const;

interface CifarVariant {
  readonly id: 'cifar_nin' | 'cifar_dsn';
  readonly secondPooling: typeof averagePooling2d | typeof maxPooling2d;
  /** Whether a ReLU follows the last convolution, as every other. */
  readonly endsInRelu: boolean;
}

/** The output of the first convolution of a stage, before its ReLU. */
function convolutionOf(stage: SymbolicTensor, name: string): SymbolicTensor {
  const [before] = stage.sourceLayer.inboundNodes[0]?.inputTensors ?? [];
  if (stage.sourceLayer.name === `${name}.unit1.conv` || before === undefined) return stage;
  return convolutionOf(before, name);
}

/** Layers are named as in pytorchcv's `nin_cifar10`; its poolings are padded, the authors' round up. */
function buildCifar({ id, secondPooling, endsInRelu }: CifarVariant, options: AuxiliaryModelOptions): LayersModel {
  const hasHeads = id === 'cifar_dsn';
  return buildModel(
    {
      id,
      defaults: {
        numClasses: 10,
        inputShape: [32, 32, 3],
        smallestInput: 5,
        dropout: 0.5,
        auxiliaryHeads: hasHeads,
        knownInputSize: hasHeads,
      },
      preprocessing: 'cifar',
      initialWeights: hasHeads ? dsnWeights : initialWeights,
      features: (input, { numClasses, dropout: rate, auxiliaryHeads }) => {
        const auxiliaryLogits: SymbolicTensor[] = [];
        const features = cifarStages.reduce<SymbolicTensor>((x, { filters, kernelSize }, index) => {
          const name = `features.stage${index + 1}`;
          const pooling = { name: `${name}.pool${index + 1}`, poolSize: 3, stride: 2, ceilMode: true };
          const pool = index === 2 ? secondPooling(pooling) : maxPooling2d(pooling);
          const pooled = index === 0 ? x : connect(x, pool, dropout({ name: `${name}.dropout${index + 1}`, rate }));
          const y = mlpconv(pooled, { name, filters, kernelSize, padding: (kernelSize - 1) / 2 });
          if (auxiliaryHeads) {
            const companion = `companion${index + 1}`;
            const head = [flatten({ name: `${companion}.flatten` }), dense({ name: companion, units: numClasses })];
            auxiliaryLogits.push(connect(convolutionOf(y, name), ...head));
          }
          return y;
        }, input);
        return { features, auxiliaryLogits };
      },
      classifier: (features, { numClasses }) =>
        connect(
          features,
          conv2d({
            ...{ name: 'output.final_conv.conv', filters: numClasses, kernelSize: 1 },
            ...(endsInRelu ? aliveClasses() : {}),
          }),
          ...(endsInRelu ? [relu({ name: 'output.final_conv.activ' })] : []),
          globalAveragePooling2d({ name: 'output.final_pool' }),
        ),
    },
    options,
  );
}

/**
 * Network in network for CIFAR: Lin et al. (2013). 966,986 parameters, 984,356 with 100 classes, 0.22 GMACs.
 * @param options see `ModelOptions`; `dropout`, 0.5 unless you say otherwise, after both poolings. Smallest input 5x5
 * @returns a model from [batch, 32, 32, 3] to logits [batch, 10]
 * @throws TypeError or RangeError naming the option
 * @example
 * import { cifarNin } from '@cnnzoo/cifar-networks';
 *
 * const model = cifarNin({ numClasses: 100, seed: 1 });
 */
export function cifarNin(options: DropoutModelOptions = {}): LayersModel {
  return buildCifar({ id: 'cifar_nin', secondPooling: averagePooling2d, endsInRelu: true }, options);
}

/**
 * DSN for CIFAR: Lee et al. (2014). NIN with max pooling twice and linear logits; with `auxiliaryHeads` a classifier on the output of
 * each stage's first convolution as three further outputs, for the squared hinge loss. 966,986 parameters without them. See
 * {@link cifarNin}.
 */
export function cifarDsn(options: AuxiliaryModelOptions = {}): LayersModel {
  return buildCifar({ id: 'cifar_dsn', secondPooling: maxPooling2d, endsInRelu: false }, options);
}

// The authors' ImageNet file.
const imagenetStages = [
  { filters: [96, 96, 96], kernelSize: 11, stride: 4, padding: 0 }, // 54x54
  { filters: [256, 256, 256], kernelSize: 5, stride: 1, padding: 2 }, // 27x27
  { filters: [384, 384, 384], kernelSize: 3, stride: 1, padding: 1 }, // 13x13
  { filters: [1024, 1024], kernelSize: 3, stride: 1, padding: 1 }, // 6x6
] as const;

/** Network in network for ImageNet, of the authors' Caffe file. 7,595,176 parameters, 1.1 GMACs. Smallest input 19x19. See {@link cifarNin}. */
export function nin(options: DropoutModelOptions = {}): LayersModel {
  const architecture: Architecture = {
    id: 'nin',
    defaults: { numClasses: 1000, inputShape: [224, 224, 3], smallestInput: 19, dropout: 0.5 },
    preprocessing: 'imagenet',
    initialWeights,
    features: (input, { dropout: rate }) =>
      imagenetStages.reduce<SymbolicTensor>((x, stage, index) => {
        const name = `features.stage${index + 1}`;
        const pool = maxPooling2d({ name: `${name}.pool${index + 1}`, poolSize: 3, stride: 2, ceilMode: true });
        const pooled = index === 0 ? x : connect(x, pool);
        return mlpconv(index === 3 ? connect(pooled, dropout({ name: `${name}.dropout`, rate })) : pooled, {
          name,
          ...stage,
        });
      }, input),
    classifier: (features, { numClasses }) =>
      connect(
        features,
        conv2d({ name: 'output.final_conv.conv', filters: numClasses, kernelSize: 1, ...aliveClasses() }),
        relu({ name: 'output.final_conv.activ' }),
        globalAveragePooling2d({ name: 'output.final_pool' }),
      ),
  };
  return buildModel(architecture, options);
}
