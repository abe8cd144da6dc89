import {
  boolean,
  check,
  checkedLater,
  faultOf,
  integer,
  isTensor,
  listOf,
  number,
  type OptionRules,
  optional,
  type Rule,
  record,
  rule,
  shown,
  string,
  tensor,
} from '@cnnzoo/checks';
import * as tf from '@tensorflow/tfjs-core';

/** What all optimizers of this package take. */
export interface OptimizerOptions {
  /** Step size. A schedule multiplies it. */
  readonly learningRate: number;
  /** How much of the weights is added to their gradient (or, in AdamW, taken off them). Default 0. */
  readonly weightDecay?: number;
  /**
   * Whether biases and the scales and offsets of norms decay, too. Default true, as in PyTorch and the papers up to 2015; later
   * recipes leave them out. They are told by their shape: one axis.
   */
  readonly decayBiasesAndNorms?: boolean;
}

/** The rules of {@link OptimizerOptions}. */
export const optimizerRules: OptionRules<OptimizerOptions> = {
  learningRate: number(0),
  weightDecay: optional(number(0)),
  decayBiasesAndNorms: optional(boolean),
};

/** One gradient, slot or count, by name. */
interface NamedTensor {
  readonly name: string;
  readonly tensor: tf.Tensor;
}

const namedTensors = listOf(record<NamedTensor>({ name: string(), tensor: tensor('a tensor') }));

const namedGradients = listOf(record<NamedTensor>({ name: string(), tensor: checkedLater() }));

const variableRule = rule<tf.Variable>('a variable of TensorFlow.js', (value) => isTensor(value) && 'assign' in value);

const scalarRule = tensor<tf.Scalar>('a tensor of one number', ({ shape }) => shape.length === 0);
export const numbersRule = optional(record<StepNumbers>({ learningRate: scalarRule, iterations: scalarRule }));

/** How much of something stays from step to step. */
export const belowOne = rule<number>(
  'a number of at least 0 and below 1',
  (value) => typeof value === 'number',
  (value) => value >= 0 && value < 1,
);

/** One variable's part of an update. All are disposed by the caller. */
export interface Update<Slot extends string> {
  readonly value: tf.Tensor;
  readonly gradient: tf.Tensor;
  /** What the optimizer remembers of earlier gradients, by name; to be assigned to. */
  readonly slots: Readonly<Record<Slot, tf.Variable>>;
  /** This step's numbers as scalar tensors, shared by all variables: a new number then does not change a recorded graph. */
  readonly scalar: (value: number) => tf.Scalar;
  /** A number that is computed for the first variable and shared by all others that ask for it by this key. */
  readonly once: (key: string, compute: () => tf.Scalar) => tf.Scalar;
  /** The learning rate of this variable in this step; one tensor for all variables of the same factor. */
  readonly learningRate: tf.Scalar;
  /** How many updates there are with this one. */
  readonly iterations: tf.Scalar;
  /** The weight decay of this variable: 0 where it does not decay. */
  readonly weightDecay: number;
}

/** The numbers of a step that is recorded as a graph, where they are inputs. */
export interface StepNumbers {
  /** Float32. */
  readonly learningRate: tf.Scalar;
  /** How many updates there are with this one, float32. */
  readonly iterations: tf.Scalar;
}

/**
 * What this package's optimizers have in common: a learning rate that can change, a factor on it for each variable, which
 * variables decay, and a state that can be saved, restored and counted.
 * @example
 * import { type StatefulOptimizer, sgd } from '@cnnzoo/train';
 *
 * const optimizer: StatefulOptimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
 * optimizer.learningRate = 0.01;
 */
export abstract class StatefulOptimizer<Slot extends string = string> extends tf.Optimizer {
  /** Step size of the next update. */
  learningRate: number;
  readonly weightDecay: number;
  readonly decayBiasesAndNorms: boolean;
  /** The names of what is remembered for each variable: PyTorch's, as in its optimizers' state. */
  abstract readonly slotNames: readonly Slot[];

  // By variable and not by name: the second model of a process has other names.
  readonly #slots = new Map<tf.Variable, Record<Slot, tf.Variable>>();
  readonly #factors = new WeakMap<tf.Variable, number>();
  /** Values from setWeights for the variables that come first, second, … */
  #restored: tf.Tensor[] = [];

  constructor({ learningRate, weightDecay = 0, decayBiasesAndNorms = true }: OptimizerOptions) {
    super();
    this.learningRate = check('learningRate', learningRate, optimizerRules.learningRate);
    this.weightDecay = check('weightDecay', weightDecay, optimizerRules.weightDecay);
    this.decayBiasesAndNorms = decayBiasesAndNorms;
  }

  /** The new value of one variable; its slots are assigned to. `iterations` is already that of this step, from 1. */
  protected abstract update(update: Update<Slot>): tf.Tensor;

  /**
   * Updates variables by their gradients, which stay the caller's to dispose.
   * @param gradients by the variables' names
   * @param numbers the step's learning rate and count of updates, instead of this optimizer's own
   * @throws TypeError or RangeError naming the gradient that is no tensor of its variable's shape, before any update
   */
  override applyGradients(
    gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[],
    numbers?: StepNumbers,
  ): void {
    const entries = withVariables(gradients);
    check('numbers', numbers, numbersRule);
    this.incrementIterations();
    tf.tidy(() => {
      const scalars = new Map<number, tf.Scalar>();
      const scalar = (value: number) => {
        const known = scalars.get(value) ?? tf.scalar(value);
        scalars.set(value, known);
        return known;
      };
      const computed = new Map<string, tf.Scalar>();
      const once = (key: string, compute: () => tf.Scalar) => {
        const known = computed.get(key) ?? compute();
        computed.set(key, known);
        return known;
      };
      const rateOf = (variable: tf.Variable): tf.Scalar => {
        const factor = this.#factors.get(variable) ?? 1;
        if (numbers === undefined) return scalar(this.learningRate * factor);
        if (factor === 1) return numbers.learningRate;
        return once(`learning rate ${factor}`, () => tf.mul(numbers.learningRate, scalar(factor)));
      };
      const iterations = numbers?.iterations ?? scalar(this.iterations);
      for (const [variable, gradient] of entries) {
        const decays = this.decayBiasesAndNorms || variable.shape.length > 1;
        variable.assign(
          this.update({
            value: variable,
            gradient,
            slots: this.#slotsFor(variable),
            scalar,
            once,
            learningRate: rateOf(variable),
            iterations,
            weightDecay: decays ? this.weightDecay : 0,
          }),
        );
      }
    });
  }

  /**
   * Multiplies the learning rate of one variable, whatever a schedule does to that of all.
   * @throws TypeError or RangeError where `variable` is none, or `factor` is negative or not finite
   */
  setLearningRateFactor(variable: tf.Variable, factor: number): void {
    this.#factors.set(check('variable', variable, variableRule), check('factor', factor, number(0)));
  }

  /** What is remembered of a variable, or undefined before its first update. The tensors stay the optimizer's. */
  slotsOf(variable: tf.Variable): Readonly<Record<Slot, tf.Variable>> | undefined {
    return this.#slots.get(variable);
  }

  /** What will be remembered of a variable, from before its first update on. The tensors stay the optimizer's. */
  prepareSlots(variable: tf.Variable): Readonly<Record<Slot, tf.Variable>> {
    return this.#slotsFor(check('variable', variable, variableRule));
  }

  /**
   * Puts back what was remembered of a variable. `values` are copied.
   * @throws TypeError or RangeError naming the value that is no tensor of the variable's shape
   */
  restoreSlots(variable: tf.Variable, values: Readonly<Record<Slot, tf.Tensor>>): void {
    check('variable', variable, variableRule);
    if (typeof values !== 'object' || values === null) throw faultOf(TypeError, 'values', 'tensors by name', values);
    for (const slot of this.slotNames) check(`values.${slot}`, values[slot], likeVariable(variable));
    const slots = this.#slotsFor(variable);
    for (const slot of this.slotNames) slots[slot].assign(values[slot]);
  }

  /** Puts back how many updates there were. */
  restoreIterations(iterations: number): void {
    this.iterations_ = check('iterations', iterations, integer(0));
  }

  #slotsFor(variable: tf.Variable): Record<Slot, tf.Variable> {
    const known = this.#slots.get(variable);
    if (known !== undefined) return known;
    const create = (): tf.Variable => {
      const restored = this.#restored.shift();
      if (restored !== undefined && restored.shape.join() !== variable.shape.join())
        throw new RangeError(
          `setWeights gave [${restored.shape}] for variable '${variable.name}' [${variable.shape}]: other variables, or in another order`,
        );
      if (restored === undefined) return tf.tidy(() => tf.variable(tf.zeros(variable.shape), false));
      const created = tf.variable(restored, false);
      restored.dispose();
      return created;
    };
    const made = Object.fromEntries(this.slotNames.map((name) => [name, create()])) as Record<Slot, tf.Variable>;
    this.#slots.set(variable, made);
    return made;
  }

  /** tfjs's way of saving: the count of updates, then what is remembered of each variable in the order of their first update. */
  override async getWeights(): Promise<{ name: string; tensor: tf.Tensor }[]> {
    const slots = [...this.#slots].flatMap(([variable, slots]) =>
      this.slotNames.map((slot) => ({ name: `${variable.name}/${slot}`, tensor: slots[slot] as tf.Tensor })),
    );
    return [await this.saveIterations(), ...slots];
  }

  /** tfjs's way of restoring what `getWeights` gave, for the same variables in the same order. The tensors are copied. */
  override async setWeights(weights: { name: string; tensor: tf.Tensor }[]): Promise<void> {
    check('weights', weights, namedTensors);
    check('weights[0].tensor', weights[0]?.tensor, scalarRule);
    const values = await this.extractIterations(weights);
    this.#disposeSlots();
    this.#restored = values.map(({ tensor }) => tf.clone(tensor));
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { learningRate, weightDecay, decayBiasesAndNorms } = this;
    return { learningRate, weightDecay, decayBiasesAndNorms };
  }

  /** Disposes what is remembered. */
  override dispose(): void {
    this.#disposeSlots();
  }

  #disposeSlots(): void {
    for (const slots of this.#slots.values()) tf.dispose(slots);
    this.#slots.clear();
    tf.dispose(this.#restored);
    this.#restored = [];
  }
}

/** An optimizer of this package. Not by its class: tfjs makes every optimizer an instance, and a package may be there twice. */
export const optimizerRule = rule<StatefulOptimizer>(
  'one of @cnnzoo/train, such as sgd({ learningRate: 0.1 }): its state is saved',
  (value) => typeof value === 'object' && value !== null && 'restoreSlots' in value,
);

/** A tensor as a variable's value is. */
function likeVariable({ name, shape }: tf.Variable): Rule<tf.Tensor> {
  return tensor(`a tensor of the shape of '${name}', [${shape}]`, (given) => given.shape.join() === shape.join());
}

/** The variables that gradients are named by. @throws TypeError or RangeError naming the gradient that is wrong */
function withVariables(gradients: unknown): (readonly [tf.Variable, tf.Tensor])[] {
  if (typeof gradients !== 'object' || gradients === null)
    throw faultOf(TypeError, 'gradients', 'tensors by the names of variables', gradients);
  const entries = Array.isArray(gradients)
    ? check('gradients', gradients, namedGradients).map(({ name, tensor }) => [name, tensor] as const)
    : Object.entries(gradients);
  return entries.flatMap(([name, gradient]) => {
    // tfjs gives null for a variable that the loss does not depend on.
    if (gradient == null) return [];
    const { registeredVariables } = tf.engine();
    const variable = Object.hasOwn(registeredVariables, name) ? registeredVariables[name] : undefined;
    if (variable === undefined) throw new RangeError(`no variable is called ${shown(name)}`);
    return [[variable, check(`the gradient of '${name}'`, gradient, likeVariable(variable))] as const];
  });
}

/** gradient + weightDecay * value: weight decay as a penalty on the weights' squares. */
export function coupledDecay({ gradient, value, scalar, weightDecay }: Update<string>): tf.Tensor {
  return weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(value, scalar(weightDecay)));
}
