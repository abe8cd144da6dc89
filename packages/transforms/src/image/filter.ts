/** How pixels between pixels are found: Pillow's filters, by their names there. */
export type Interpolation = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

export const interpolations: readonly Interpolation[] = ['nearest', 'box', 'bilinear', 'hamming', 'bicubic', 'lanczos'];

/** The filters that Pillow has for rotating, shearing and perspective, too. */
export type WarpInterpolation = 'nearest' | 'bilinear' | 'bicubic';

export const warpInterpolations: readonly WarpInterpolation[] = ['nearest', 'bilinear', 'bicubic'];

/** A resampling filter of Pillow: its weight at a distance in pixels, and the distance from which on it is 0. */
interface Filter {
  readonly support: number;
  weight(distance: number): number;
}

const filters: Record<Exclude<Interpolation, 'nearest'>, Filter> = {
  box: {
    support: 0.5,
    weight: (distance) => (distance > -0.5 && distance <= 0.5 ? 1 : 0),
  },
  /** As sharp as bicubic where it reduces, at bilinear's price. Its two constants are float32 in Pillow. */
  hamming: {
    support: 1,
    weight(distance) {
      const x = Math.abs(distance);
      if (x >= 1) return 0;
      return sinc(x) * (Math.fround(0.54) + Math.fround(0.46) * Math.cos(x * Math.PI));
    },
  },
  lanczos: {
    support: 3,
    weight: (distance) => (distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0),
  },
  bilinear: {
    support: 1,
    weight: (distance) => Math.max(0, 1 - Math.abs(distance)),
  },
  // Keys, "Cubic convolution interpolation", 1981, with a = -0.5.
  bicubic: {
    support: 2,
    weight(distance) {
      const a = -0.5;
      const x = Math.abs(distance);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
      return 0;
    },
  },
};

function sinc(distance: number): number {
  const x = distance * Math.PI;
  return x === 0 ? 1 : Math.sin(x) / x;
}

/** For each place along the new axis: the places along the old one that it is made of, and their weights. */
export interface FilterTaps {
  /** First place on the old axis, for each place on the new one. */
  readonly starts: Int32Array;
  /** How many places, for each place on the new axis. */
  readonly counts: Int32Array;
  /** `stride` weights for each place on the new axis, of which `counts` are used; their sum is 1. */
  readonly weights: Float64Array;
  readonly stride: number;
}

/**
 * The taps that resample an axis from `inSize` to `outSize` places, as Pillow computes them: the filter is stretched by the
 * reduction, so that every old pixel counts (antialiasing).
 */
export function filterTaps(
  inSize: number,
  outSize: number,
  interpolation: Exclude<Interpolation, 'nearest'>,
): FilterTaps {
  const filter = filters[interpolation];
  const scale = inSize / outSize;
  const stretch = Math.max(1, scale);
  const support = filter.support * stretch;
  const stride = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outSize);
  const counts = new Int32Array(outSize);
  const weights = new Float64Array(outSize * stride);
  for (let out = 0; out < outSize; out++) {
    const center = (out + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(inSize, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap++) {
      const weight = filter.weight((tap + start - center + 0.5) * (1 / stretch));
      weights[out * stride + tap] = weight;
      sum += weight;
    }
    if (sum !== 0)
      for (let tap = 0; tap < count; tap++) weights[out * stride + tap] = (weights[out * stride + tap] ?? 0) / sum;
    starts[out] = start;
    counts[out] = count;
  }
  return { starts, counts, weights, stride };
}
