/** Images that a model has accepted and not answered: what is more, or would be answered too late, is refused before it takes memory. */
import { httpError } from '../http/http-error.js';

/** Images that were accepted together. */
export interface Accepted {
  readonly count: number;
  readonly since: number;
  /** Milliseconds in which, by the pace of then, they and all before them are answered. */
  readonly expected: number;
}

export interface Admission {
  /** Images that are accepted and not released. */
  readonly accepted: number;
  /** @throws HttpError 429 where there is no room for so many, or the answer might come later than `timeout` milliseconds from now; null for no limit */
  accept(count: number, timeout: number | null): Accepted;
  /** @param answered whether these were answered, and not given up */
  release(accepted: Accepted, answered: boolean): void;
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
  const delays = recentDelays();

  const millisecondsFor = (count: number) => (images === 0 ? 0 : (count * time) / images);

  function check(count: number, timeout: number | null): void {
    const most = Math.max(capacity, mostOfRequest);
    if (count > most)
      throw httpError(413, 'too_large', `model '${model}' takes at most ${most} images at a time, got ${count}`);
    if (accepted === 0) return;
    const seconds = Math.max(1, Math.ceil(millisecondsFor(accepted) / 1000));
    const has = `model '${model}' has ${accepted} images to predict`;
    if (accepted + count > capacity) throw httpError(429, 'queue_full', `${has} and takes no more now`, seconds);
    if (timeout !== null && millisecondsFor(accepted + count) + delays.usual > timeout)
      throw httpError(429, 'queue_full', `${has}, so that there might be no answer within ${timeout} ms`, seconds);
  }

  return {
    get accepted() {
      return accepted;
    },
    check: (timeout) => check(1, timeout),
    accept(count, timeout) {
      check(count, timeout);
      const since = performance.now();
      if (accepted === 0) last = since;
      accepted += count;
      return { count, since, expected: millisecondsFor(accepted) };
    },
    release({ count, since, expected }, answered) {
      accepted -= count;
      const now = performance.now();
      delays.add(now - since - expected, answered);
      if (!answered) return;
      images = fading ** count * images + count;
      time = fading ** count * time + now - last;
      last = now;
    },
  };
}

/** Requests whose delay is remembered. */
const remembered = 1024;
/** A larger delay has one request in two hundred: what was accepted is to be answered, and so an estimate must not be a mean. */
const usualShare = 0.995;

/** How much later than by the average pace the last requests were answered. */
function recentDelays(): { readonly usual: number; add(delay: number, answered: boolean): void } {
  const delays: number[] = [];
  let next = 0;
  let usual = 0;
  return {
    get usual() {
      return usual;
    },
    add(delay, answered) {
      // Of what was given up only this is known: its answer would have come later.
      if (!answered && delay <= usual) return;
      delays[next++ % remembered] = delay;
      // Sorting takes longer than all else here: a delay that is larger than usual counts at once, others every few requests.
      if (delay <= usual && next % 16 !== 0) return;
      usual = Math.max(0, delays.toSorted((a, b) => a - b)[Math.floor(usualShare * (delays.length - 1))] ?? 0);
    },
  };
}
