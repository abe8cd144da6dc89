import { shown } from '@cnnzoo/checks';
import { integer } from './arguments.js';
import type { LayerSpec, Shape } from './layer-spec.js';
import type { LayersModelLike } from './read-layers-model.js';
import { computeLayers, readNetwork } from './summarize.js';
import {
  type AxisPadding,
  bothSides,
  checkAxisPadding,
  countWindows,
  effectiveKernelSize,
  slideWindow,
  type Window,
} from './window.js';

interface WindowQuestion {
  /** Pixels along the axis. */
  inputSize: number;
  /** Pixels wanted. Default: as many as come in. */
  outputSize?: number;
  /** Default 1. */
  dilation?: number;
  /** Default false. */
  ceilMode?: boolean;
}

/** Which padding gives the wanted output? */
export interface PaddingQuestion extends WindowQuestion {
  find: 'padding';
  kernelSize: number;
  /** Default 1. */
  stride?: number;
}

/** Which kernels give the wanted output? */
export interface KernelQuestion extends WindowQuestion {
  find: 'kernelSize';
  /** Default 1. */
  stride?: number;
  /** Default 0. */
  padding?: AxisPadding;
}

/** Which strides give the wanted output? */
export interface StrideQuestion extends WindowQuestion {
  find: 'stride';
  kernelSize: number;
  /** Default 0. */
  padding?: AxisPadding;
}

/** Where does a network stop fitting? */
export interface MisfitQuestion {
  find: 'misfit';
  layers: readonly LayerSpec[] | LayersModelLike;
  /** Default: the model's own. */
  inputShape?: Shape;
}

/** Every value that gives the wanted output, smallest first. */
export interface Solution<Value> {
  readonly values: readonly Value[];
  /** Where no value does: the one that comes nearest, and what it gives. */
  readonly nearest: { readonly value: Value; readonly outputSize: number } | null;
}

/** The first layer that does not fit. */
export interface MisfitAnswer {
  readonly name: string;
  /** Where in the list, e.g. `layer 4 of 9`. */
  readonly place: string;
  readonly inputShapes: readonly Shape[];
  /** What does not fit, with the numbers and the nearest that would. */
  readonly reason: string;
}

/**
 * Answers the questions of a design the other way round: what to set so that a wanted size comes out, or where a network stops fitting.
 *
 * @param question `find`: `'padding'`, `'kernelSize'` or `'stride'` along one axis, in pixels, or `'misfit'` in a network
 * @returns the values that do, smallest first (for padding: numbers for both sides, or where only unequal sides do, a `[before, behind]`
 *   pair), and otherwise the nearest; for `'misfit'` the first layer that does not fit, or null
 * @throws TypeError or RangeError if the question itself is wrong: no such `find`, sizes that are no positive integers
 *
 * @example
 * import { solve } from '@cnnzoo/shape';
 *
 * solve({ find: 'padding', inputSize: 224, kernelSize: 7 }).values; // [3]: keeps the size
 * solve({ find: 'stride', inputSize: 227, outputSize: 55, kernelSize: 11 }).values; // [4]: AlexNet's first layer
 */
export function solve(question: PaddingQuestion): Solution<number | readonly [before: number, behind: number]>;
export function solve(question: KernelQuestion | StrideQuestion): Solution<number>;
export function solve(question: MisfitQuestion): MisfitAnswer | null;
export function solve(
  question: PaddingQuestion | KernelQuestion | StrideQuestion | MisfitQuestion,
): Solution<number | readonly [number, number]> | MisfitAnswer | null {
  if (typeof question !== 'object' || question === null)
    throw new TypeError(`question must be an object with find, got ${shown(question)}`);
  switch (question.find) {
    case 'padding':
      return solvePadding(question);
    case 'kernelSize':
      return solveKernelSize(question);
    case 'stride':
      return solveStride(question);
    case 'misfit': {
      const { misfit } = computeLayers(readNetwork(question.layers, question.inputShape).graph);
      if (misfit === null) return null;
      const { node, inputShapes, reason } = misfit;
      return { name: node.name, place: node.place, inputShapes, reason };
    }
    default:
      throw new TypeError(
        `find must be 'padding', 'kernelSize', 'stride' or 'misfit', got ${shown((question as { find?: unknown }).find)}`,
      );
  }
}

/**
 * Tries every candidate and keeps those that give the wanted size.
 * @throws RangeError if the window fits with none of them
 */
function search<Value>(
  { inputSize, outputSize = inputSize, ceilMode = false, dilation = 1 }: WindowQuestion,
  candidates: Iterable<Value>,
  settings: (value: Value) => Omit<Window, 'ceilMode' | 'dilation'>,
): Solution<Value> {
  const values: Value[] = [];
  let nearest: Solution<Value>['nearest'] = null;
  let tried: Window | null = null;
  for (const value of candidates) {
    tried = { ...settings(value), ceilMode, dilation };
    const got = countWindows(inputSize, tried).outputSize;
    if (got < 1) continue;
    if (got === outputSize) values.push(value);
    if (nearest === null || Math.abs(got - outputSize) < Math.abs(nearest.outputSize - outputSize)) {
      nearest = { value, outputSize: got };
    }
  }
  if (nearest === null && tried !== null) slideWindow('size', inputSize, tried);
  return { values, nearest: values.length > 0 ? null : nearest };
}

/** Every candidate is tried, so that the pixels along an axis are limited: to more than any image has. */
const longestAxis = 65_536;

function checkSize(name: string, value: unknown): number {
  const size = integer(name, value);
  if (size <= longestAxis) return size;
  throw new RangeError(
    `${name} must be at most ${longestAxis}, got ${size}; the nearest that would do is ${longestAxis}`,
  );
}

function checkQuestion({ inputSize, outputSize, dilation }: WindowQuestion): void {
  checkSize('inputSize', inputSize);
  if (outputSize !== undefined) checkSize('outputSize', outputSize);
  if (dilation !== undefined) checkSize('dilation', dilation);
}

function* range(from: number, to: number): Iterable<number> {
  for (let value = from; value <= to; value++) yield value;
}

function solvePadding(question: PaddingQuestion): Solution<number | readonly [number, number]> {
  checkQuestion(question);
  const { inputSize, outputSize = inputSize, dilation = 1 } = question;
  const kernelSize = checkSize('kernelSize', question.kernelSize);
  const stride = checkSize('stride', question.stride ?? 1);
  const reach = effectiveKernelSize(kernelSize, dilation);
  // The last of the wanted windows starts (outputSize - 1) * stride behind the first; rounding moves that by less than a stride.
  const padded = (windows: number) => Math.max(0, Math.ceil((windows * stride + reach - inputSize) / 2));
  const [least, most] = [Math.max(0, padded(outputSize - 2) - 1), padded(outputSize)];
  const settings = (padding: AxisPadding) => ({ kernelSize, stride, padding });
  const both = search<number | readonly [number, number]>(question, range(least, most), settings);
  if (both.values.length > 0) return both;
  const unequal = [...range(least, most)].map((before) => [before, before + 1] as const);
  const sides = search(question, unequal, settings);
  return sides.values.length > 0 ? sides : both;
}

function solveKernelSize(question: KernelQuestion): Solution<number> {
  checkQuestion(question);
  const stride = checkSize('stride', question.stride ?? 1);
  const padding = checkAxisPadding('padding', question.padding ?? 0);
  const { inputSize, dilation = 1 } = question;
  const room = padding === 'same' ? inputSize : inputSize + bothSides(padding)[0] + bothSides(padding)[1];
  // Rounding up, PyTorch lets a kernel be larger than the room by less than a stride.
  const largest = Math.floor((room + (question.ceilMode ? stride : 1) - 2) / dilation) + 1;
  return search(question, range(1, largest), (kernelSize) => ({ kernelSize, stride, padding }));
}

function solveStride(question: StrideQuestion): Solution<number> {
  checkQuestion(question);
  const kernelSize = checkSize('kernelSize', question.kernelSize);
  const padding = checkAxisPadding('padding', question.padding ?? 0);
  const { inputSize, dilation = 1 } = question;
  const [before, behind] = padding === 'same' ? [0, 0] : bothSides(padding);
  // Longer strides than the way a window can go all give one output.
  const free = inputSize + before + behind - effectiveKernelSize(kernelSize, dilation);
  const way = question.ceilMode ? Math.max(inputSize + before, 1 - free) : Math.max(1, free + 1);
  const longest = padding === 'same' ? inputSize : way;
  return search(question, range(1, longest), (stride) => ({ kernelSize, stride, padding }));
}
