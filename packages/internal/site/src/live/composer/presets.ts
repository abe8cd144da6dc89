/** Compositions to start from. */

export interface Preset {
  /** Of its program in `fixtures`. */
  readonly file: string;
  readonly input: string;
  readonly parts: string;
}

const times = (count: number, part: string) => Array(count).fill(part).join(' ');

export const presets: Readonly<Record<string, Preset>> = {
  'A residual network for CIFAR-10': {
    file: 'residual-cifar',
    input: '32x32x3',
    parts: `cbr:16,3,1,1 ${times(3, 'residual:16,1')} residual:32,2 ${times(2, 'residual:32,1')} residual:64,2 ${times(2, 'residual:64,1')} head:10`,
  },
  'LeNet-5': {
    file: 'lenet',
    input: '32x32x1',
    parts:
      'conv:6,5,1,0 relu pool:2,2,0 conv:16,5,1,0 relu pool:2,2,0 flatten linear:120 relu linear:84 relu linear:10',
  },
  'LeNet-5 with batch norm': {
    file: 'lenet-batch-norm',
    input: '32x32x1',
    parts:
      'conv:6,5,1,0 bn relu pool:2,2,0 conv:16,5,1,0 bn relu pool:2,2,0 flatten linear:120 relu linear:84 relu linear:10',
  },
  'ResNet-50': {
    file: 'resnet50',
    input: '224x224x3',
    parts: `stem:64,7,2 ${times(3, 'bottleneck:64,1')} bottleneck:128,2 ${times(3, 'bottleneck:128,1')} bottleneck:256,2 ${times(5, 'bottleneck:256,1')} bottleneck:512,2 ${times(2, 'bottleneck:512,1')} head:1000`,
  },
  "GoogLeNet's beginning": {
    file: 'inception',
    input: '224x224x3',
    parts:
      'stem:64,7,2 cbr:64,1,1,0 cbr:192,3,1,1 pool:3,2,1 inception:64,96,128,16,32,32 inception:128,128,192,32,96,64 dropout:40 head:1000',
  },
};
