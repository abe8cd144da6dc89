/** Images that a model has accepted and not answered: what is more, or would be answered too late, is refused before it takes memory. */
import { httpError } from '../http/http-error.js';

export interface Admission {
  readonly accepted: number;
  /** @throws HttpError 429 where there is no room for so many, or the answer would come later than `timeout` milliseconds from now; null for no limit */
  accept(count: number, timeout: number | null): void;
  /** @param answered whether these were answered, and not given up */
  release(count: number, answered: boolean): void;
  /** Throws as `accept`, and accepts nothing: of a request whose images are not known yet. */
  check(timeout: number | null): void;
}

/** Of the average pace, what an older image counts for less than the next one: it is that of the last fifty or so. */
const fading = 0.98;

export interface AdmissionOptions {
  readonly model: string;
  /** Images at a time. */
  readonly capacity: number;
  /** Images of one request, which is taken where it is alone even if it has more than the capacity. */
  readonly mostOfRequest: number;
}

export function admission({ model, capacity, mostOfRequest }: AdmissionOptions): Admission {
  let accepted = 0;
  /** Images that were answered, and the milliseconds in which there were some to answer. */
  let [images, time] = [0, 0];
  let last = 0;

  const millisecondsFor = (count: number) => (images === 0 ? 0 : (count * time) / images);

  function check(count: number, timeout: number | null): void {
    const most = Math.max(capacity, mostOfRequest);
    if (count > most)
      throw httpError(413, 'too_large', `model '${model}' takes at most ${most} images at a time, got ${count}`);
    if (accepted === 0) return;
    const seconds = Math.max(1, Math.ceil(millisecondsFor(accepted) / 1000));
    const has = `model '${model}' has ${accepted} images to predict`;
    if (accepted + count > capacity) throw httpError(429, 'queue_full', `${has} and takes no more now`, seconds);
    if (timeout !== null && millisecondsFor(accepted + count) > timeout)
      throw httpError(429, 'queue_full', `${has}, so that there would be no answer within ${timeout} ms`, seconds);
  }

  return {
    get accepted() {
      return accepted;
    },
    check: (timeout) => check(1, timeout),
    accept(count, timeout) {
      check(count, timeout);
      if (accepted === 0) last = performance.now();
      accepted += count;
    },
    release(count, answered) {
      accepted -= count;
      if (!answered) return;
      const now = performance.now();
      images = fading ** count * images + count;
      time = fading ** count * time + now - last;
      last = now;
    },
  };
}
