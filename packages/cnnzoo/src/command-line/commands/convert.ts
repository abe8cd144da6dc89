import { choice, command, numeric, required } from '../command.js';
import { convertWeights } from '../export/convert-weights.js';
import { formatOf } from '../export/export-model.js';
import { networkNames } from '../network-names.js';
import { fileSize, grouped } from '../numbers.js';

export const convertCommand = command({
  name: 'convert',
  summary: 'weights from one format to another',
  details:
    "Reads weights of any format (safetensors, PyTorch's .pth and .pt, Keras's .h5 and .keras, a folder of TensorFlow.js, ONNX) and writes them as the name of the second file says: .safetensors, .pth, .pt, .onnx, or a folder of TensorFlow.js. A published set (resnet50.DEFAULT) or a repository of the hub (hf-hub:owner/name) is read, too, and brings its network. Formats that hold a network as well, and those of Keras, whose names and axes are others, need --network.",
  examples: [
    'cnnzoo convert model.pth model.safetensors',
    'cnnzoo convert resnet50.h5 resnet50.pth --network resnet50_v2',
    'cnnzoo convert model.safetensors model.onnx --network resnet18',
    'cnnzoo convert hf-hub:timm/resnet18.a1_in1k resnet18.pth',
  ],
  args: {
    source: required('the file or folder to read, a published set, or a repository of the hub'),
    target: required('the file or folder to write'),
  },
  options: {
    network: choice('name', 'the network that the weights are of', networkNames),
    classes: numeric('number', "classes; default: those of the head in the weights, else the network's own", {
      least: 1,
    }),
  },
  async run({ args: { source, target }, options: { network, classes } }) {
    const { tensors, numbers, files } = await convertWeights(source, target, { network, classes });
    const lines = files.map(({ path, bytes }) => `${path}  ${fileSize(bytes)}`);
    return {
      text: [...lines, `${tensors} tensors, ${grouped(numbers)} numbers`].join('\n'),
      data: { format: formatOf(target), tensors, numbers, files },
    };
  },
});
