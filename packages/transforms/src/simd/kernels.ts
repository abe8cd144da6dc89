import { wasm } from './module.js';

/** What assembly/ computes. Places are bytes from the start of `memory`; where nothing is said they are a source and a result. */
export interface Kernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly rowsGrey: Rows;
  readonly rowsRgb: Rows;
  readonly rowsRgba: Rows;
  columns(
    source: number,
    out: number,
    weights: number,
    starts: number,
    counts: number,
    stride: number,
    row: number,
    height: number,
  ): void;
  lumaSum(source: number, pixels: number): number;
  blendWithLuma(source: number, out: number, pixels: number, factor: number): void;
  blendWithImage(source: number, others: number, out: number, count: number, factor: number): void;
  smooth(source: number, out: number, row: number, height: number, channels: number): void;
  shiftHue(source: number, out: number, pixels: number, shift: number): void;
  mirrorRgb(source: number, out: number, width: number, height: number): void;
  lookUp(source: number, out: number, count: number, table: number): void;
  lookUpRgb(source: number, out: number, pixels: number, tables: number): void;
  histogramRgb(source: number, pixels: number, counts: number): void;
  normalize(source: number, out: number, count: number, statistics: number): void;
  nearestAffine(source: number, out: number, ...numbers: readonly number[]): void;
  bilinear(
    source: number,
    out: number,
    inWidth: number,
    inHeight: number,
    width: number,
    height: number,
    matrix: number,
  ): void;
}

type Rows = (
  source: number,
  out: number,
  weights: number,
  starts: number,
  quads: number,
  inRow: number,
  width: number,
  height: number,
) => void;

/** A WebAssembly's memory never shrinks, so images that need more than this are computed in JavaScript. */
const mostBytes = 64 * 2 ** 20;
/** The kernels' own scratch at the start. */
const scratch = 64;
/** Kernels read and write this much more than they are given. */
const margin = 64;
const page = 65_536;

let loaded: Kernels | null | undefined;
let switchedOff = false;

/** What is not in TypeScript's ES2023. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
}

function load(): Kernels | null {
  const { WebAssembly } = globalThis as { readonly WebAssembly?: WebAssemblyApi };
  if (WebAssembly === undefined) return null;
  const bytes = Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Kernels;
  } catch {
    // No SIMD, or a page that allows no WebAssembly: JavaScript computes the same.
    return null;
  }
}

/** Places of some arrays in the kernels' memory, and that memory. */
export interface Placed<Sizes extends readonly number[]> {
  readonly kernels: Kernels;
  readonly bytes: Uint8Array;
  readonly places: { readonly [K in keyof Sizes]: number };
}

/** Room for arrays of these sizes in bytes, or null where JavaScript has to compute. Its contents last until the next call. */
export function placed<const Sizes extends readonly number[]>(sizes: Sizes): Placed<Sizes> | null {
  if (switchedOff) return null;
  if (loaded === undefined) loaded = load();
  if (loaded === null) return null;
  let end = scratch;
  const places = sizes.map((size) => {
    const place = end;
    end += Math.ceil((size + margin) / 16) * 16;
    return place;
  });
  if (end > mostBytes) return null;
  const { memory } = loaded;
  const missing = Math.ceil((end - memory.buffer.byteLength) / page);
  try {
    if (missing > 0) memory.grow(missing);
  } catch {
    // The process has no more memory, or no more addresses for it.
    return null;
  }
  return {
    kernels: loaded,
    bytes: new Uint8Array(memory.buffer),
    places: places as unknown as Placed<Sizes>['places'],
  };
}

/** Runs a function without these kernels, so that tests can compare. */
export function withoutSimd<T>(run: () => T): T {
  switchedOff = true;
  try {
    return run();
  } finally {
    switchedOff = false;
  }
}
