/** recipe.py: a recipe's numbers, and its optimizer, schedule, loss and clipping as PyTorch has them. */

import { type Recipe, type RecipeName, recipeRun, recipes } from '@cnnzoo/train';
import { modelWeights } from '@cnnzoo/weights';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { drawingLayers } from '../training-step/symbolic-masks.js';
import { pythonArguments, pythonValue } from './python-text.js';
import { auxiliaryScheduleProgram, scheduleProgram } from './schedule-program.js';

/** An optimizer in PyTorch: its class, where that is from, and its arguments. */
interface TorchOptimizer {
  readonly name: string;
  /** The file of this package's that has it, where PyTorch does not. */
  readonly file: 'rmsprop_tf.py' | null;
  readonly options: Readonly<Record<string, unknown>>;
}

type Settings = Readonly<Record<string, number | boolean | string>>;

const optimizers: Readonly<Record<string, (settings: Settings) => TorchOptimizer>> = {
  CnnzooSgd: ({ momentum, nesterov }) => ({
    name: 'torch.optim.SGD',
    file: null,
    options: { momentum, ...(nesterov === true && { nesterov }) },
  }),
  CnnzooRmsprop: ({ decay, epsilon, momentum, epsilonInsideRoot }) => ({
    name: epsilonInsideRoot === true ? 'RMSpropTF' : 'torch.optim.RMSprop',
    file: epsilonInsideRoot === true ? 'rmsprop_tf.py' : null,
    options: { alpha: decay, eps: epsilon, momentum },
  }),
  CnnzooAdamW: ({ beta1, beta2, epsilon }) => ({
    name: 'torch.optim.AdamW',
    file: null,
    options: { betas: [beta1, beta2], eps: epsilon },
  }),
};

export const recipeOf = (recipe: RecipeName | Recipe): Recipe =>
  typeof recipe === 'string' ? recipes[recipe] : recipe;

/** Positions of the feature map that was flattened before a weight: TensorFlow.js has its channels last, PyTorch first. */
function flattened(model: LayersModel): Record<string, number> {
  return Object.fromEntries(
    modelWeights(model).flatMap(({ key, shape, channels }) =>
      channels !== null && channels.spatial > 1 && shape.length <= 2 ? [[key, channels.spatial]] : [],
    ),
  );
}

/** The loss of one head. */
const headLosses = {
  crossEntropy: 'F.cross_entropy(head, labels, label_smoothing=LABEL_SMOOTHING)',
  squaredHinge: 'squared_hinge(head, labels)',
} as const;

/** As `squaredHinge` of @cnnzoo/losses. */
const squaredHinge = `
def squared_hinge(head, labels):
    """One class against the others. Labels as those of loss_of."""
    shares = F.one_hot(labels, CLASSES) if labels.dim() == 1 else labels
    return F.relu(1 - (2 * shares - 1) * head).square().sum(1).mean()

`;

/** The text of recipe.py, and the file of an optimizer that PyTorch does not have. */
export function recipeProgram(
  model: LayersModel,
  given: RecipeName | Recipe,
  title: string,
): { readonly text: string; readonly optimizerFile: TorchOptimizer['file'] } {
  const { run, optimizer: className } = recipeRun(given);
  const recipe = recipeOf(given);
  const make = optimizers[className];
  if (make === undefined) throw new RangeError(`optimizer '${className}' has no form in PyTorch here`);
  const { weightDecay, decayBiasesAndNorms, ...settings } = run.optimizer;
  const { name, file, options } = make(settings);
  const all = pythonArguments({ ...options, weight_decay: weightDecay });
  const groups =
    decayBiasesAndNorms === true || weightDecay === 0
      ? `    return ${name}(network.parameters(), lr=LEARNING_RATE${all})\n`
      : `    parameters = list(network.parameters())
    groups = [
        {"params": [each for each in parameters if each.dim() > 1]},
        # Biases, and the scales and offsets of norms.
        {"params": [each for each in parameters if each.dim() <= 1], "weight_decay": 0.0},
    ]
    return ${name}(groups, lr=LEARNING_RATE${all})
`;
  const random = Object.fromEntries(
    drawingLayers(model.layers).map((layer) => [layer.name, { seed: layer.seed, drawn: layer.masksDrawn }]),
  );
  const own = file === null ? '' : `\nfrom ${file.replace('.py', '')} import ${name}\n`;
  const { norm } = recipe.clipping ?? {};
  const text = `"""How ${title} is trained, written by cnnzoo.

${recipe.paper}.${recipe.notes === undefined ? '' : `\nHere: ${recipe.notes}.`}
"""

import math

import torch
import torch.nn.functional as F
${own}
EPOCHS = ${recipe.epochs}
BATCH_SIZE = ${recipe.batchSize}
LEARNING_RATE = ${run.learningRate}
CLASSES = ${Number(model.outputs[0]?.shape.at(-1))}
CHANNELS = ${Number(model.inputs[0]?.shape.at(-1))}
LABEL_SMOOTHING = ${recipe.labelSmoothing ?? 0}
# How much the loss of each auxiliary head counts.
AUXILIARY_WEIGHT = ${run.auxiliaryWeight}
# The largest L2 norm of all gradients together: longer ones are scaled down.
CLIPPING = ${norm === undefined ? 'math.inf' : norm}
# Of the average of weights that is validated and kept at the end.
AVERAGE_DECAY = ${pythonValue(recipe.averageDecay)}

# What checkpoints say of the run, so that cnnzoo resumes it.
OPTIMIZER = ${pythonValue(className)}
RUN = ${pythonValue(run)}
# cnnzoo's dropout layers, and how many masks each has drawn.
RANDOM = ${pythonValue(random)}
# Positions of the feature map that was flattened before a weight: cnnzoo has its channels last, PyTorch first.
FLATTENED = ${pythonValue(flattened(model))}


def make_optimizer(network):
${groups}

${scheduleProgram(recipe)}

${auxiliaryScheduleProgram(recipe)}
${recipe.loss === 'squaredHinge' ? squaredHinge : ''}
def loss_of(outputs, labels, auxiliary_factor=1.0):
    """The loss of all heads. Labels are indices [batch], or shares of classes [batch, classes]."""
    heads = outputs if isinstance(outputs, tuple) else (outputs,)
    losses = [${headLosses[recipe.loss ?? 'crossEntropy']} for head in heads]
    return losses[0] + AUXILIARY_WEIGHT * auxiliary_factor * sum(losses[1:])


def clip_gradients(network):
    """Scales long gradients down. The L2 norm of all before that."""
    return torch.nn.utils.clip_grad_norm_(network.parameters(), CLIPPING).item()
`;
  return { text, optimizerFile: file };
}
