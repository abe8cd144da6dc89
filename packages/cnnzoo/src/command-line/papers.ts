/** Which paper each network is from, and where in it the network stands. */
import type { ModelId } from '../networks/models.js';

export interface Paper {
  readonly authors: string;
  readonly title: string;
  readonly year: number;
  readonly address: string;
  /** Where the network is in the paper, or whose form of it this is. */
  readonly place: string;
}

type Source = Omit<Paper, 'place'>;

const lenet: Source = {
  authors: 'LeCun, Bottou, Bengio and Haffner',
  title: 'Gradient-based learning applied to document recognition',
  year: 1998,
  address: 'https://doi.org/10.1109/5.726791',
};
const alexnet: Source = {
  authors: 'Krizhevsky, Sutskever and Hinton',
  title: 'ImageNet classification with deep convolutional neural networks',
  year: 2012,
  address: 'https://doi.org/10.1145/3065386',
};
const oneTower: Source = {
  authors: 'Krizhevsky',
  title: 'One weird trick for parallelizing convolutional neural networks',
  year: 2014,
  address: 'https://arxiv.org/abs/1404.5997',
};
const vgg: Source = {
  authors: 'Simonyan and Zisserman',
  title: 'Very deep convolutional networks for large-scale image recognition',
  year: 2014,
  address: 'https://arxiv.org/abs/1409.1556',
};
const googlenet: Source = {
  authors: 'Szegedy et al.',
  title: 'Going deeper with convolutions',
  year: 2014,
  address: 'https://arxiv.org/abs/1409.4842',
};
const resnet: Source = {
  authors: 'He, Zhang, Ren and Sun',
  title: 'Deep residual learning for image recognition',
  year: 2015,
  address: 'https://arxiv.org/abs/1512.03385',
};
const preActivation: Source = {
  authors: 'He, Zhang, Ren and Sun',
  title: 'Identity mappings in deep residual networks',
  year: 2016,
  address: 'https://arxiv.org/abs/1603.05027',
};
const resnext: Source = {
  authors: 'Xie, Girshick, Dollár, Tu and He',
  title: 'Aggregated residual transformations for deep neural networks',
  year: 2016,
  address: 'https://arxiv.org/abs/1611.05431',
};
const wide: Source = {
  authors: 'Zagoruyko and Komodakis',
  title: 'Wide residual networks',
  year: 2016,
  address: 'https://arxiv.org/abs/1605.07146',
};
const batchNorm: Source = {
  authors: 'Ioffe and Szegedy',
  title: 'Batch normalization: accelerating deep network training by reducing internal covariate shift',
  year: 2015,
  address: 'https://arxiv.org/abs/1502.03167',
};
const inception: Source = {
  authors: 'Szegedy, Vanhoucke, Ioffe, Shlens and Wojna',
  title: 'Rethinking the Inception architecture for computer vision',
  year: 2015,
  address: 'https://arxiv.org/abs/1512.00567',
};

const zfnet: Source = {
  authors: 'Zeiler and Fergus',
  title: 'Visualizing and understanding convolutional networks',
  year: 2013,
  address: 'https://arxiv.org/abs/1311.2901',
};
const prelu: Source = {
  authors: 'He, Zhang, Ren and Sun',
  title: 'Delving deep into rectifiers: surpassing human-level performance on ImageNet classification',
  year: 2015,
  address: 'https://arxiv.org/abs/1502.01852',
};
const squeezed: Source = {
  authors: 'Hu, Shen, Albanie, Sun and Wu',
  title: 'Squeeze-and-excitation networks',
  year: 2018,
  address: 'https://arxiv.org/abs/1709.01507',
};
const nin: Source = {
  authors: 'Lin, Chen and Yan',
  title: 'Network in network',
  year: 2013,
  address: 'https://arxiv.org/abs/1312.4400',
};
const dsn: Source = {
  authors: 'Lee, Xie, Gallagher, Zhang and Tu',
  title: 'Deeply-supervised nets',
  year: 2014,
  address: 'https://arxiv.org/abs/1409.5185',
};
const allCnn: Source = {
  authors: 'Springenberg, Dosovitskiy, Brox and Riedmiller',
  title: 'Striving for simplicity: the all convolutional net',
  year: 2014,
  address: 'https://arxiv.org/abs/1412.6806',
};
const highway: Source = {
  authors: 'Srivastava, Greff and Schmidhuber',
  title: 'Training very deep networks',
  year: 2015,
  address: 'https://arxiv.org/abs/1507.06228',
};
const fitnet: Source = {
  authors: 'Romero et al.',
  title: 'FitNets: hints for thin deep nets',
  year: 2014,
  address: 'https://arxiv.org/abs/1412.6550',
};
const elu: Source = {
  authors: 'Clevert, Unterthiner and Hochreiter',
  title: 'Fast and accurate deep network learning by exponential linear units (ELUs)',
  year: 2015,
  address: 'https://arxiv.org/abs/1511.07289',
};

/** The first pattern that a network's name fits says where it is from. */
const places: readonly (readonly [name: RegExp, source: Source, place: string])[] = [
  [/^lenet5$/, lenet, 'figure 2, with ReLU and max pooling'],
  [/^lenet_book$/, lenet, "figure 2, as a lecture's book has it for images of 224 x 224"],
  [/^alexnet$/, oneTower, 'one tower, as torchvision has it'],
  [/^alexnet_paper$/, alexnet, 'figure 2: two groups, local response normalization'],
  [/^alexnet_book$/, alexnet, "figure 2, as a lecture's book has it for images of 256 x 256"],
  [/^vgg11_lrn$/, vgg, 'table 1, A-LRN'],
  [/^vgg11/, vgg, 'table 1, A'],
  [/^vgg13/, vgg, 'table 1, B'],
  [/^vgg16_c$/, vgg, 'table 1, C'],
  [/^vgg16/, vgg, 'table 1, D'],
  [/^vgg19/, vgg, 'table 1, E'],
  [/^googlenet$/, googlenet, 'table 1, as torchvision has it: batch normalization, 3x3 for 5x5'],
  [/^googlenet_paper$/, googlenet, 'table 1 and figure 3'],
  [/^plain18$/, resnet, 'table 2'],
  [/^plain34$/, resnet, 'figure 3, middle'],
  [/^resnet\d+_v2$/, preActivation, 'section 4 and table 5'],
  [/^resnet/, resnet, 'table 1'],
  [/^resnext/, resnext, 'table 1 and section 5.1'],
  [/^wide_resnet/, wide, 'table 8'],
  [/^cifar_plain/, resnet, 'section 4.2'],
  [/^cifar_resnet/, resnet, 'section 4.2 and table 6'],
  [/^cifar_preact/, preActivation, 'table 4'],
  [/^zfnet$/, zfnet, 'figure 3'],
  [/^zfnetb$/, zfnet, 'table 2, with 512, 1024 and 512 maps in layers 3, 4 and 5'],
  [/^prelu_net/, prelu, 'table 3'],
  [/^se_res/, squeezed, 'table 1'],
  [/^senet154$/, squeezed, 'appendix'],
  [/^(cifar_)?nin$/, nin, "section 4, with the sizes of the authors' Caffe files"],
  [/^cifar_dsn$/, dsn, 'section 3.2'],
  [/^cifar_allcnn/, allCnn, 'tables 1 and 2'],
  [/^cifar_highway/, highway, 'section 4 and table 2'],
  [/^cifar_fitnet4$/, fitnet, 'section 3.1'],
  [/^mnist_fitnet$/, fitnet, "section 3.3, with the sizes of the authors' file"],
  [/^cifar_elu/, elu, 'sections 4.2 and 4.3'],
  [/^bn_inception$/, batchNorm, 'section 4.2 and figure 5'],
  [/^inception_v2$/, inception, 'table 1 and section 6'],
  [/^inception_v3$/, inception, 'section 6, as torchvision has it'],
];

export function paperOf(id: ModelId): Paper {
  const [, source, place] = places.find(([name]) => name.test(id)) ?? [];
  if (source === undefined || place === undefined) throw new Error(`${id} has no paper in papers.ts`);
  return { ...source, place };
}
