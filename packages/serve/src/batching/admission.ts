/** Images that a model has accepted and not answered: what is more is refused before it takes memory. */
import { httpError } from '../http/http-error.js';

export interface Admission {
  readonly accepted: number;
  readonly isFull: boolean;
  /** @throws HttpError 429 where there is no room for so many */
  accept(count: number): void;
  release(count: number): void;
}

/**
 * @param secondsPerImage what an image takes at the moment, of which the answer says when to try again
 */
export function admission(capacity: number, name: string, secondsPerImage: () => number): Admission {
  let accepted = 0;
  return {
    get accepted() {
      return accepted;
    },
    get isFull() {
      return accepted >= capacity;
    },
    accept(count) {
      if (count > capacity)
        throw httpError(413, 'too_large', `model '${name}' takes at most ${capacity} images at a time, got ${count}`);
      if (accepted + count > capacity) {
        const seconds = Math.max(1, Math.ceil(accepted * secondsPerImage()));
        throw httpError(
          429,
          'queue_full',
          `model '${name}' has ${accepted} images to predict and takes no more now`,
          seconds,
        );
      }
      accepted += count;
    },
    release(count) {
      accepted -= count;
    },
  };
}
