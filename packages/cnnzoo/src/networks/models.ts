/** Every network by its id: torchvision's where it has the network. */

import { alexnet, alexnetBook, alexnetPaper, zfnet, zfnetB } from '@cnnzoo/alexnet';
import { shown } from '@cnnzoo/checks';
import {
  type CifarHighwayOptions,
  cifarAllCnnA,
  cifarAllCnnB,
  cifarAllCnnC,
  cifarDsn,
  cifarElu11,
  cifarElu18,
  cifarFitnet4,
  cifarHighway,
  cifarNin,
  mnistFitnet,
  nin,
} from '@cnnzoo/cifar-networks';
import { googlenet, googlenetPaper } from '@cnnzoo/googlenet';
import { bnInception, inceptionV2, inceptionV3 } from '@cnnzoo/inception';
import { lenet5, lenetBook } from '@cnnzoo/lenet';
import {
  type CifarPlainOptions,
  type CifarPreActResnetOptions,
  type CifarResnetOptions,
  cifarPlain,
  cifarPreActResnet,
  cifarResnet,
  plain18,
  plain34,
  resnet18,
  resnet34,
  resnet50,
  resnet50V2,
  resnet101,
  resnet101V2,
  resnet152,
  resnet152V2,
  resnext50_32x4d,
  resnext101_32x8d,
  senet154,
  seResnet50,
  seResnet101,
  seResnet152,
  seResnext50_32x4d,
  seResnext101_32x4d,
  wideResnet50_2,
  wideResnet101_2,
} from '@cnnzoo/resnet';
import {
  preluNetA,
  preluNetB,
  preluNetC,
  vgg11,
  vgg11Bn,
  vgg11Lrn,
  vgg13,
  vgg13Bn,
  vgg16,
  vgg16Bn,
  vgg16c,
  vgg19,
  vgg19Bn,
} from '@cnnzoo/vgg';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** A function whose option `depth` is part of the id. */
function ofDepth<Options extends { readonly depth: number }>(
  build: (options: Options) => LayersModel,
  depth: Options['depth'],
): (options?: Omit<Options, 'depth'>) => LayersModel {
  return (options) => {
    if (typeof options === 'object' && options !== null && 'depth' in options)
      throw new TypeError(
        `depth must be left out, because the network's name says ${depth} already, got ${shown(options.depth)}`,
      );
    return build({ ...options, depth } as Options);
  };
}

const plain = (depth: CifarPlainOptions['depth']) => ofDepth<CifarPlainOptions>(cifarPlain, depth);
const residual = (depth: CifarResnetOptions['depth']) => ofDepth<CifarResnetOptions>(cifarResnet, depth);
const preActivation = (depth: CifarPreActResnetOptions['depth']) =>
  ofDepth<CifarPreActResnetOptions>(cifarPreActResnet, depth);
const highway = (depth: CifarHighwayOptions['depth']) => ofDepth<CifarHighwayOptions>(cifarHighway, depth);

export const families = {
  lenet: { lenet5, lenet_book: lenetBook },
  alexnet: { alexnet, alexnet_paper: alexnetPaper, alexnet_book: alexnetBook, zfnet, zfnetb: zfnetB },
  vgg: {
    vgg11,
    vgg11_lrn: vgg11Lrn,
    vgg11_bn: vgg11Bn,
    vgg13,
    vgg13_bn: vgg13Bn,
    vgg16_c: vgg16c,
    vgg16,
    vgg16_bn: vgg16Bn,
    vgg19,
    vgg19_bn: vgg19Bn,
    prelu_net_a: preluNetA,
    prelu_net_b: preluNetB,
    prelu_net_c: preluNetC,
  },
  googlenet: { googlenet, googlenet_paper: googlenetPaper },
  resnet: {
    plain18,
    plain34,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnext50_32x4d,
    resnext101_32x8d,
    wide_resnet50_2: wideResnet50_2,
    wide_resnet101_2: wideResnet101_2,
    se_resnet50: seResnet50,
    se_resnet101: seResnet101,
    se_resnet152: seResnet152,
    se_resnext50_32x4d: seResnext50_32x4d,
    se_resnext101_32x4d: seResnext101_32x4d,
    senet154,
    resnet50_v2: resnet50V2,
    resnet101_v2: resnet101V2,
    resnet152_v2: resnet152V2,
    cifar_plain20: plain(20),
    cifar_plain32: plain(32),
    cifar_plain44: plain(44),
    cifar_plain56: plain(56),
    cifar_plain110: plain(110),
    cifar_resnet20: residual(20),
    cifar_resnet32: residual(32),
    cifar_resnet44: residual(44),
    cifar_resnet56: residual(56),
    cifar_resnet110: residual(110),
    cifar_resnet1202: residual(1202),
    cifar_preact_resnet164: preActivation(164),
    cifar_preact_resnet1001: preActivation(1001),
  },
  'cifar-networks': {
    nin,
    cifar_nin: cifarNin,
    cifar_dsn: cifarDsn,
    cifar_allcnn_a: cifarAllCnnA,
    cifar_allcnn_b: cifarAllCnnB,
    cifar_allcnn_c: cifarAllCnnC,
    cifar_highway19: highway(19),
    cifar_highway32: highway(32),
    cifar_fitnet4: cifarFitnet4,
    mnist_fitnet: mnistFitnet,
    cifar_elu11: cifarElu11,
    cifar_elu18: cifarElu18,
  },
  inception: { bn_inception: bnInception, inception_v2: inceptionV2, inception_v3: inceptionV3 },
} as const;

export const models = {
  ...families.lenet,
  ...families.alexnet,
  ...families.vgg,
  ...families.googlenet,
  ...families.resnet,
  ...families['cifar-networks'],
  ...families.inception,
} as const;

/** The family of networks that a name belongs to: one package each. */
export type Family = keyof typeof families;

/** A network's name. */
export type ModelId = keyof typeof models;

/** The options that the network `Id` takes. */
export type OptionsOf<Id extends ModelId> = NonNullable<Parameters<(typeof models)[Id]>[0]>;
