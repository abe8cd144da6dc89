/** A network as a PyTorch module, whose state dict has the layers' names. */
import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type PythonLayer, pythonLayer } from './layer-modules.js';

type Layer = LayersModel['layers'][number];

interface Line {
  readonly text: string;
  /** The shape of what it gives, channels first as in PyTorch. */
  readonly shape: string;
}

const shapeOf = ({ shape }: SymbolicTensor): readonly (number | null)[] => shape.slice(1);

function channelsFirst(shape: readonly (number | null)[]): string {
  const [height, width, channels] = shape;
  const sizes = shape.length === 3 ? [channels, height, width] : shape;
  return `[${sizes.map((size) => size ?? 'any').join(', ')}]`;
}

/** Names of Python's, which no value of the program may have. */
const reserved = new Set(['x', 'self', 'torch', 'nn', 'F', 'layers']);

function variableName(layer: Layer, used: Set<string>): string {
  const plain = layer.name.replace(/\W/g, '_').replace(/^(?=\d)/, '_');
  let name = plain;
  for (let i = 2; used.has(name) || reserved.has(name); i++) name = `${plain}_${i}`;
  used.add(name);
  return name;
}

/**
 * network.py: `class Network(nn.Module)`. It gives the logits, and in training those of the auxiliary heads, too.
 * @throws RangeError naming a layer that PyTorch does not have, or an input of several tensors
 */
export function networkProgram(model: LayersModel, title: string): string {
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0)
    throw new RangeError(`model '${model.name}' must have one input, got ${model.inputs.length}`);
  const modules = new Map<string, string>();
  const lines: Line[] = [];
  const used = new Set<string>();
  const values = new Map<string, string>([[input.name, 'x']]);
  const written = new Map<Layer, PythonLayer>();
  const nameOf = (tensor: SymbolicTensor): string => {
    const known = values.get(tensor.name);
    if (known !== undefined) return known;
    const layer = tensor.sourceLayer as Layer;
    const inputs = layer.inboundNodes[tensor.nodeIndex]?.inputTensors ?? [];
    const names = inputs.map(nameOf);
    const python = written.get(layer) ?? pythonLayer(layer, inputs.map(shapeOf));
    written.set(layer, python);
    if (python.module !== null) modules.set(layer.name, python.module);
    const name = variableName(layer, used);
    const call = python.module === null ? '' : `layers[${JSON.stringify(layer.name)}]`;
    lines.push({ text: `${name} = ${python.call(call, names)}`, shape: channelsFirst(shapeOf(tensor)) });
    values.set(tensor.name, name);
    return name;
  };
  const [main, ...heads] = model.outputs.map(nameOf);
  const width = Math.min(88, Math.max(...lines.map(({ text }) => text.length)));
  const forward = lines.map(({ text, shape }) => `        ${text.padEnd(width)}  # ${shape}`);
  const result =
    heads.length === 0
      ? [`        return ${main}`]
      : [`        return (${[main, ...heads].join(', ')}) if self.training else ${main}`];
  return `"""${title}, written by cnnzoo."""

import torch
import torch.nn.functional as F
from torch import nn


class Network(nn.Module):
    """Images [batch${channelsFirst(shapeOf(input)).replace('[', ', ')} to logits. The state dict's keys are the layers' names."""

    def __init__(self):
        super().__init__()
        # By their full names; place() makes each a submodule where its name says.
        self.layers = {}
${[...modules].map(([name, module]) => `        self.place(${JSON.stringify(name)}, ${module})`).join('\n')}

    def place(self, name, module):
        parent = self
        *path, last = name.split(".")
        for part in path:
            if part not in parent._modules:
                parent.add_module(part, nn.Module())
            parent = parent._modules[part]
        parent.add_module(last, module)
        self.layers[name] = module

    def forward(self, x):
        layers = self.layers
${forward.join('\n')}
${result.join('\n')}
`;
}
