/** Which images are recomputed, and how many that have to be. */
import { digest } from '../evidence/digest.js';

/**
 * How many of N images must be drawn, without replacement, so that a draw has one of K changed ones with a given probability. A draw of n misses all
 * of them with the hypergeometric probability C(N - K, n) / C(N, n), the product of (N - K - i) / (N - i) over i < n. Of 10,000 images with 1 %
 * changed, 448 images find one with 99 %.
 * @param images N
 * @param changed K / N; K is rounded up
 * @param confidence from 0 to 1
 */
export function sampleSize(images: number, changed: number, confidence: number): number {
  // 0.07 * 100 is 7.000000000000001.
  const bad = Math.max(1, Math.ceil(images * changed - 1e-9));
  let missed = 1;
  let size = 0;
  while (size < images && missed > 1 - confidence) {
    missed *= Math.max(0, images - bad - size) / (images - size);
    size++;
  }
  return size;
}

/** Draws that nobody can know beforehand. */
export function freshSeed(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Draws without replacement, by Floyd's algorithm. The numbers are the SHA-256 of the seed and a counter, so that a seed draws the same
 * everywhere.
 * @param size of the draw
 * @param images from which it is drawn
 * @returns indices in ascending order
 */
export async function drawSample(size: number, images: number, seed: string): Promise<number[]> {
  const numbers = uniformNumbers(seed);
  const drawn = new Set<number>();
  for (let last = images - size; last < images; last++) {
    const { value = 0 } = await numbers.next();
    const index = Math.floor(value * (last + 1));
    drawn.add(drawn.has(index) ? last : index);
  }
  return [...drawn].sort((a, b) => a - b);
}

/** From 0 to below 1, of 48 bits each. */
async function* uniformNumbers(seed: string): AsyncGenerator<number, undefined, undefined> {
  for (let counter = 0; ; counter++) {
    const digits = await digest(`${seed} ${counter}`);
    for (let at = 0; at + 12 <= digits.length; at += 12) yield Number.parseInt(digits.slice(at, at + 12), 16) / 2 ** 48;
  }
}
