/**
 * PyTorch and tfjs store the same weights in another order of axes. With s spatial positions, i input and o output channels:
 *
 *   convolution      PyTorch OIHW [o, i, s]      tfjs HWIO [s, i, o]
 *   linear           PyTorch [o, i]              tfjs [i, o], the case s = 1
 *   linear after a flatten: PyTorch flattens CHW, so [o, i, s]; tfjs flattens HWC, so [s, i, o]
 *
 * All of them are one permutation, [o, i, s] <-> [s, i, o].
 */
export interface ChannelLayout {
  readonly spatial: number;
  readonly input: number;
  readonly output: number;
}

/** The bits of 32-bit numbers: moving floats as floats might change the payload of a NaN. */
export function bits(values: Float32Array | Int32Array): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, values.length);
}

/** How many output channels are moved together: 16 floats are one cache line. */
const blockChannels = 16;

/**
 * [o, i, s] to [s, i, o] for the output channels from `begin` on that `source` holds.
 * @param source channels `begin` to `begin + source.length / (i*s)` of the first layout
 * @param target all of the second layout
 */
export function toChannelsLast(
  source: Int32Array,
  target: Int32Array,
  { spatial, input, output }: ChannelLayout,
  begin = 0,
): void {
  const row = input * spatial;
  const channels = source.length / row;
  for (let block = 0; block < channels; block += blockChannels) {
    const blockEnd = Math.min(block + blockChannels, channels);
    for (let i = 0; i < input; i++) {
      for (let s = 0; s < spatial; s++) {
        let from = block * row + i * spatial + s;
        const to = (s * input + i) * output + begin;
        for (let o = block; o < blockEnd; o++) {
          target[to + o] = source[from] as number;
          from += row;
        }
      }
    }
  }
}

/** [s, i, o] to [o, i, s]: the inverse of `toChannelsLast`. */
export function toChannelsFirst(
  source: Int32Array,
  target: Int32Array,
  { spatial, input, output }: ChannelLayout,
): void {
  const row = input * spatial;
  for (let block = 0; block < output; block += blockChannels) {
    const blockEnd = Math.min(block + blockChannels, output);
    for (let i = 0; i < input; i++) {
      for (let s = 0; s < spatial; s++) {
        let to = block * row + i * spatial + s;
        const from = (s * input + i) * output;
        for (let o = block; o < blockEnd; o++) {
          target[to] = source[from + o] as number;
          to += row;
        }
      }
    }
  }
}
