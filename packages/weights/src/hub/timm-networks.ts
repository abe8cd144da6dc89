/** The networks that timm has, too, under the same names, and what it calls their first and last layers. */

export interface TimmNetwork {
  readonly firstConv: string;
  readonly classifier: string;
}

const resnet: TimmNetwork = { firstConv: 'conv1', classifier: 'fc' };
const vgg: TimmNetwork = { firstConv: 'features.0', classifier: 'head.fc' };

export const timmNetworks: ReadonlyMap<string, TimmNetwork> = /* @__PURE__ */ new Map([
  ['resnet18', resnet],
  ['resnet34', resnet],
  ['resnet50', resnet],
  ['resnet101', resnet],
  ['resnet152', resnet],
  ['resnext50_32x4d', resnet],
  ['resnext101_32x8d', resnet],
  ['wide_resnet50_2', resnet],
  ['wide_resnet101_2', resnet],
  ['vgg11', vgg],
  ['vgg11_bn', vgg],
  ['vgg13', vgg],
  ['vgg13_bn', vgg],
  ['vgg16', vgg],
  ['vgg16_bn', vgg],
  ['vgg19', vgg],
  ['vgg19_bn', vgg],
  ['inception_v3', { firstConv: 'Conv2d_1a_3x3.conv', classifier: 'fc' }],
]);
