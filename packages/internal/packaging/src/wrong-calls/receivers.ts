/** The objects that wrong calls are made on. */
import fc from 'fast-check';
import { disposeOf } from './call-wrongly.js';
import type { Declarations, PublicFunction } from './declarations.js';
import { rightArguments, type StandIns } from './right-arguments.js';
import type { MadeByHand, Target } from './targets.js';

/** Draws until one is right. */
const mostTries = 100;

export interface Receivers {
  /** The object that a target is called on; undefined for public functions. @throws Error where none could be made */
  of(target: Target): Promise<unknown>;
  /** Gives back what was made for one call. */
  release(): Promise<void>;
  /** Gives back what was made for all. */
  close(): Promise<void>;
}

export function makeReceivers(declarations: Declarations, standIns: StandIns): Receivers {
  /** By function: what draws its right arguments, and the seed of those that were accepted. */
  const accepted = new Map<string, number>();
  const shared = new Map<MadeByHand, unknown>();
  const own: unknown[] = [];

  async function madeBy(maker: PublicFunction): Promise<unknown> {
    const { name, parameters, call } = maker;
    const draw = rightArguments(parameters, declarations, standIns);
    const known = accepted.get(name);
    let reason: unknown;
    for (let seed = known ?? 0; seed < mostTries; seed++) {
      const [given = []] = fc.sample(draw, { numRuns: 1, seed });
      try {
        const made = await call(...given);
        accepted.set(name, seed);
        own.push(made);
        return made;
      } catch (error) {
        reason = error;
      }
    }
    throw new Error(`of ${mostTries} calls of ${name} none was right`, { cause: reason });
  }

  return {
    async of({ madeBy: maker }) {
      if (maker === null) return undefined;
      if (!('make' in maker)) return madeBy(maker);
      if (!shared.has(maker)) shared.set(maker, await maker.make());
      return shared.get(maker);
    },
    async release() {
      for (const made of own.splice(0)) await disposeOf(made);
    },
    async close() {
      for (const made of shared.values()) {
        const open = made as { close?: () => unknown; dispose?: () => unknown };
        await (open.close ?? open.dispose)?.call(open);
      }
      shared.clear();
    },
  };
}
