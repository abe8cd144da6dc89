/** How the papers trained their networks, as data. */

import type { AdamOptions } from '../optimizers/adam.js';
import type { RmspropOptions } from '../optimizers/rmsprop.js';
import type { SgdOptions } from '../optimizers/sgd.js';
import type { CosineDecayOptions } from '../schedules/cosine-decay.js';
import type { PolynomialDecayOptions } from '../schedules/polynomial-decay.js';
import type { ReduceOnPlateauOptions } from '../schedules/reduce-on-plateau.js';
import type { MultiStepDecayOptions, StepDecayOptions } from '../schedules/step-decay.js';
import type { WarmUpOptions } from '../schedules/warm-up.js';

/** An optimizer by name, with its options. */
export type OptimizerRecipe =
  | ({ readonly name: 'sgd' } & SgdOptions)
  | ({ readonly name: 'rmsprop' } & RmspropOptions)
  | ({ readonly name: 'adamw' } & AdamOptions);

/** A schedule by name, with its options. */
export type ScheduleRecipe =
  | ({ readonly name: 'stepDecay' } & StepDecayOptions)
  | ({ readonly name: 'multiStepDecay' } & MultiStepDecayOptions)
  | ({ readonly name: 'reduceOnPlateau' } & ReduceOnPlateauOptions)
  | ({ readonly name: 'polynomialDecay' } & PolynomialDecayOptions)
  | ({ readonly name: 'cosineDecay' } & CosineDecayOptions);

/** How a paper's networks were trained. */
export interface Recipe {
  /** Networks that it is for, by createModel's names. */
  readonly networks: readonly string[];
  readonly paper: string;
  /** What the paper does not say, or what is different here. */
  readonly notes?: string;
  readonly batchSize: number;
  readonly epochs: number;
  readonly optimizer: OptimizerRecipe;
  readonly schedule: ScheduleRecipe;
  readonly warmUp?: WarmUpOptions;
  /** Of each head, by its name in @cnnzoo/losses. Default: cross-entropy. */
  readonly loss?: 'squaredHinge';
  readonly labelSmoothing?: number;
  readonly auxiliaryWeight?: number;
  /** Factor on the auxiliary weight. */
  readonly auxiliarySchedule?: ScheduleRecipe;
  readonly clipping?: { readonly norm: number };
  readonly averageDecay?: number;
  /** Rate of dropout in the network. */
  readonly dropout?: number;
  /** What gives the network its weights before training, see `lsuv`. */
  readonly initialWeights?: 'lsuv';
  /** How the network whitens images: its option of that name. The papers whiten first, and pad and crop then. */
  readonly whitening?: 'contrast' | 'zca';
  /** What is done to training images, in order, by the names of @cnnzoo/transforms where they are there. */
  readonly augmentation: readonly string[];
  /** The network that is trained first, see `preInitialise`. */
  readonly preInitialise?: string;
}

/** The papers' recipes: batch size, optimizer, schedule and regularisation, as options for `recipeOptions`. */
export const recipes = {
  lenet: {
    networks: ['lenet5'],
    paper: 'LeCun et al., "Gradient-based learning applied to document recognition" (1998)',
    notes: "the paper's second-order method is replaced by SGD with momentum and a cosine",
    batchSize: 128,
    epochs: 3,
    optimizer: { name: 'sgd', learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { name: 'cosineDecay' },
    augmentation: ['pad(2)', 'normalize'],
  },
  alexnet: {
    networks: ['alexnet', 'alexnet_paper'],
    paper: 'Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012), section 5',
    batchSize: 128,
    epochs: 90,
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { name: 'reduceOnPlateau', metric: 'accuracy', factor: 0.1, patience: 5, smallest: 1e-3 },
    dropout: 0.5,
    augmentation: ['resize(256)', 'randomCrop(224)', 'randomHorizontalFlip', 'PCA colour noise of deviation 0.1'],
  },
  vgg: {
    networks: ['vgg11', 'vgg11_lrn', 'vgg13', 'vgg16_c', 'vgg16', 'vgg19'],
    paper:
      'Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition" (2015), section 3.1',
    batchSize: 256,
    epochs: 74,
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { name: 'reduceOnPlateau', metric: 'accuracy', factor: 0.1, patience: 5, smallest: 1e-3 },
    dropout: 0.5,
    augmentation: [
      'scale jitter: shorter side from 256 to 512',
      'randomCrop(224)',
      'randomHorizontalFlip',
      'PCA colour noise',
    ],
    preInitialise: 'vgg11',
  },
  googlenet: {
    networks: ['googlenet', 'googlenet_paper'],
    paper: 'Szegedy et al., "Going deeper with convolutions" (2015), section 6',
    notes:
      "batch size and first learning rate are BVLC's reproduction: the paper gives neither; auxiliary heads drop out 0.7",
    batchSize: 32,
    epochs: 60,
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay: 2e-4 },
    schedule: { name: 'stepDecay', every: 8, factor: 0.96 },
    auxiliaryWeight: 0.3,
    dropout: 0.4,
    augmentation: [
      'crop of 8 to 100 % of the area, aspect 3/4 to 4/3',
      'photometric distortions',
      'randomHorizontalFlip',
    ],
  },
  'googlenet-polynomial': {
    networks: ['googlenet', 'googlenet_paper'],
    paper: 'Szegedy et al., "Going deeper with convolutions" (2015); learning rate of BVLC\'s quick solver',
    notes: 'the same network in less than half the time',
    batchSize: 32,
    epochs: 60,
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay: 2e-4 },
    schedule: { name: 'polynomialDecay', power: 0.5 },
    auxiliaryWeight: 0.3,
    dropout: 0.4,
    augmentation: [
      'crop of 8 to 100 % of the area, aspect 3/4 to 4/3',
      'photometric distortions',
      'randomHorizontalFlip',
    ],
  },
  resnet: {
    networks: ['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152', 'plain18', 'plain34'],
    paper: 'He et al., "Deep residual learning for image recognition" (2016), section 3.4',
    notes:
      '60e4 iterations of 256 images are 120 epochs of ImageNet; divided by 10 when the error plateaus; no dropout',
    batchSize: 256,
    epochs: 120,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 },
    schedule: { name: 'reduceOnPlateau', metric: 'accuracy', factor: 0.1, patience: 5 },
    augmentation: [
      'scale jitter: shorter side from 256 to 480',
      'randomCrop(224)',
      'randomHorizontalFlip',
      'PCA colour noise',
    ],
  },
  'resnet-cifar': {
    networks: [
      'cifar_resnet20',
      'cifar_resnet32',
      'cifar_resnet44',
      'cifar_resnet56',
      'cifar_plain20',
      'cifar_plain32',
      'cifar_plain44',
      'cifar_plain56',
    ],
    paper: 'He et al., "Deep residual learning for image recognition" (2016), section 4.2',
    notes: '64,000 steps of 128 of 45,000 images',
    batchSize: 128,
    epochs: 182,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 },
    schedule: { name: 'multiStepDecay', milestones: [32_000, 48_000], factor: 0.1, unit: 'step' },
    augmentation: ['pad(4)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  'resnet-cifar-110': {
    networks: [
      'cifar_resnet110',
      'cifar_resnet1202',
      'cifar_plain110',
      'cifar_preact_resnet164',
      'cifar_preact_resnet1001',
    ],
    paper:
      'He et al., "Deep residual learning for image recognition" (2016), section 4.2, and "Identity mappings in deep residual networks" (2016), appendix',
    notes:
      'the paper starts with a tenth of the learning rate until the training error is below 80 %, about 400 steps; here it rises to it',
    batchSize: 128,
    epochs: 182,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 },
    schedule: { name: 'multiStepDecay', milestones: [32_000, 48_000], factor: 0.1, unit: 'step' },
    warmUp: { duration: 400, start: 0.1, unit: 'step' },
    augmentation: ['pad(4)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  zfnet: {
    networks: ['zfnet', 'zfnetb'],
    paper: 'Zeiler and Fergus, "Visualizing and understanding convolutional networks" (2013), section 3',
    notes:
      "the paper does not give weight decay, which is AlexNet's; it renormalises first-layer filters of a norm above 0.1; initial weights are He's",
    batchSize: 128,
    epochs: 70,
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { name: 'reduceOnPlateau', metric: 'accuracy', factor: 0.1, patience: 5 },
    dropout: 0.5,
    augmentation: ['resize(256)', 'randomCrop(224)', 'randomHorizontalFlip'],
  },
  'prelu-net': {
    networks: ['prelu_net_a', 'prelu_net_b', 'prelu_net_c'],
    paper: 'He et al., "Delving deep into rectifiers" (2015), section 3',
    notes: 'weight decay acts on the slopes, too, unlike in the paper: set decayBiasesAndNorms to false',
    batchSize: 128,
    epochs: 80,
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { name: 'reduceOnPlateau', metric: 'accuracy', factor: 0.1, patience: 5 },
    dropout: 0.5,
    augmentation: [
      'scale jitter: shorter side from 256 to 512',
      'randomCrop(224)',
      'randomHorizontalFlip',
      'PCA colour noise',
    ],
  },
  senet: {
    networks: ['se_resnet50', 'se_resnet101', 'se_resnet152', 'se_resnext50_32x4d', 'se_resnext101_32x4d', 'senet154'],
    paper: 'Hu et al., "Squeeze-and-excitation networks" (2018), section 5',
    notes:
      "the paper's 1024 images a step and learning rate 0.6; SENet-154 drops out 0.2; its appendix has label smoothing, 2048 images, learning rate 1, batch norm frozen at the end",
    batchSize: 1024,
    epochs: 100,
    optimizer: { name: 'sgd', learningRate: 0.6, momentum: 0.9, weightDecay: 1e-4 },
    schedule: { name: 'stepDecay', every: 30, factor: 0.1 },
    augmentation: ['crop of 8 to 100 % of the area, aspect 3/4 to 4/3', 'randomHorizontalFlip'],
  },
  'nin-cifar': {
    networks: ['cifar_nin'],
    paper: 'Lin et al., "Network in network" (2013); the authors\' Caffe solver',
    notes: '120,000 steps; the run without flips is the one of 10.4 % error',
    batchSize: 128,
    epochs: 307,
    optimizer: { name: 'sgd', learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 },
    schedule: { name: 'multiStepDecay', milestones: [100_000], factor: 0.1, unit: 'step' },
    dropout: 0.5,
    whitening: 'zca',
    augmentation: ['pad(4)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  'dsn-cifar': {
    networks: ['cifar_dsn'],
    paper: 'Lee et al., "Deeply-supervised nets" (2014); the authors\' Caffe files',
    notes:
      "build it with auxiliaryHeads; in the authors' Caffe solver the learning rate of the heads falls instead of their weight, and the last convolution learns at a tenth of the rate",
    batchSize: 100,
    epochs: 240,
    optimizer: { name: 'sgd', learningRate: 0.025, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { name: 'multiStepDecay', milestones: [180, 210], factor: 0.1 },
    loss: 'squaredHinge',
    auxiliaryWeight: 1e-3,
    auxiliarySchedule: { name: 'polynomialDecay', unit: 'epoch' },
    dropout: 0.5,
    whitening: 'contrast',
    augmentation: ['pad(4)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  'all-cnn-cifar': {
    networks: ['cifar_allcnn_a', 'cifar_allcnn_b', 'cifar_allcnn_c'],
    paper: 'Springenberg et al., "Striving for simplicity: the all convolutional net" (2014), section 3',
    notes: 'the paper takes the best of the learning rates 0.25, 0.1, 0.05 and 0.01; it does not give the batch size',
    batchSize: 128,
    epochs: 350,
    optimizer: { name: 'sgd', learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3 },
    schedule: { name: 'multiStepDecay', milestones: [200, 250, 300], factor: 0.1 },
    dropout: 0.5,
    whitening: 'zca',
    augmentation: ['pad(5)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  'highway-cifar': {
    networks: ['cifar_highway19', 'cifar_highway32'],
    paper: 'Srivastava et al., "Training very deep networks" (2015); the authors\' Caffe solver',
    notes: '200,000 steps; the last layer decays ten times as much there',
    batchSize: 100,
    epochs: 400,
    optimizer: { name: 'sgd', learningRate: 0.025, momentum: 0.9, nesterov: true, weightDecay: 1e-3 },
    schedule: { name: 'multiStepDecay', milestones: [100_000, 150_000, 175_000], factor: 0.1, unit: 'step' },
    dropout: 0.2,
    whitening: 'contrast',
    augmentation: ['pad(8)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  'fitnet-cifar': {
    networks: ['cifar_fitnet4'],
    paper: 'Romero et al., "FitNets: hints for thin deep nets" (2014), section 3.1; the authors\' file',
    notes:
      "the second stage: `trainHint` of layer 11 comes before, and `distillation` with temperature 3 and a weight from 4 to 1 is the loss; the authors' dense layers learn at 0.005; they scale kernels of a norm above 0.9 down",
    batchSize: 128,
    epochs: 288,
    optimizer: { name: 'rmsprop', learningRate: 2.5e-4, decay: 0.9 },
    schedule: { name: 'stepDecay', every: 288, factor: 1 },
    dropout: 0,
    whitening: 'zca',
    augmentation: ['pad(8)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  'fitnet-mnist': {
    networks: ['mnist_fitnet'],
    paper: 'Romero et al., "FitNets: hints for thin deep nets" (2014), section 3.3; the authors\' file',
    notes:
      'the second stage: `trainHint` of layer act4 comes before, and `distillation` with temperature 3 and a weight from 4 to 0 is the loss; the authors end it after 100 epochs that are no better, and scale kernels of a norm above 0.9 and 1.9365 down',
    batchSize: 128,
    epochs: 150,
    optimizer: { name: 'rmsprop', learningRate: 0.0005, decay: 0.9 },
    schedule: { name: 'stepDecay', every: 150, factor: 1 },
    augmentation: ['normalize'],
  },
  'lsuv-cifar': {
    networks: ['cifar_fitnet4'],
    paper: 'Mishkin and Matas, "All you need is a good init" (2015), section 4.1; the authors\' Caffe solver',
    notes: "90,000 steps; the highway networks' images",
    batchSize: 128,
    epochs: 230,
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { name: 'multiStepDecay', milestones: [40_000, 60_000, 80_000], factor: 0.1, unit: 'step' },
    dropout: 0.2,
    initialWeights: 'lsuv',
    whitening: 'contrast',
    augmentation: ['pad(8)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  'elu-cifar': {
    networks: ['cifar_elu11', 'cifar_elu18'],
    paper: 'Clevert et al., "Fast and accurate deep network learning by exponential linear units" (2015), section 4',
    notes: '165,000 steps',
    batchSize: 100,
    epochs: 330,
    optimizer: { name: 'sgd', learningRate: 0.01, momentum: 0.9, weightDecay: 5e-4 },
    schedule: { name: 'multiStepDecay', milestones: [35_000, 85_000, 135_000], factor: 0.1, unit: 'step' },
    dropout: 0.5,
    whitening: 'zca',
    augmentation: ['pad(4)', 'randomCrop(32)', 'randomHorizontalFlip'],
  },
  inception: {
    networks: ['inception_v2', 'inception_v3'],
    paper: 'Szegedy et al., "Rethinking the Inception architecture for computer vision" (2016), section 8',
    notes:
      "the paper's 50 replicas of batch size 32; weight decay is that of TensorFlow's model; the auxiliary head has batch norm; evaluation with the average of weights",
    batchSize: 32,
    epochs: 100,
    optimizer: {
      name: 'rmsprop',
      learningRate: 0.045,
      decay: 0.9,
      momentum: 0.9,
      epsilon: 1,
      epsilonInsideRoot: true,
      weightDecay: 4e-5,
      decayBiasesAndNorms: false,
    },
    schedule: { name: 'stepDecay', every: 2, factor: 0.94 },
    labelSmoothing: 0.1,
    auxiliaryWeight: 0.4,
    clipping: { norm: 2 },
    averageDecay: 0.9999,
    dropout: 0.2,
    augmentation: [
      'crop of 5 to 100 % of the area, aspect 3/4 to 4/3',
      'photometric distortions',
      'randomHorizontalFlip',
    ],
  },
  modern: {
    networks: ['resnet50', 'resnext50_32x4d', 'wide_resnet50_2'],
    paper: 'Wightman et al., "ResNet strikes back" (2021) and torchvision\'s second recipe, shortened',
    batchSize: 256,
    epochs: 100,
    optimizer: {
      name: 'sgd',
      learningRate: 0.1,
      momentum: 0.9,
      nesterov: true,
      weightDecay: 2e-5,
      decayBiasesAndNorms: false,
    },
    schedule: { name: 'cosineDecay' },
    warmUp: { duration: 5, start: 0.01 },
    labelSmoothing: 0.1,
    averageDecay: 0.9999,
    augmentation: [
      'randomResizedCrop(176)',
      'randomHorizontalFlip',
      'trivialAugment',
      'mixup(0.2) or cutmix(1.0)',
      'randomErasing(0.1)',
    ],
  },
} as const satisfies Readonly<Record<string, Recipe>>;

/** A key of `recipes`. */
export type RecipeName = keyof typeof recipes;
