/** The objects that wrong calls are made on. */
import fc from 'fast-check';
import { disposeOf } from './call-wrongly.js';
import type { Declarations, PublicFunction } from './declarations.js';
import { rightArguments } from './right-arguments.js';
import { makeStandIns } from './stand-ins.js';
import type { MadeByHand, Target } from './targets.js';

/** Draws until one is right. */
const mostTries = 100;

export interface Receivers {
  /** The object that a target is called on, which was prepared; undefined for public functions. @throws Error where none could be made */
  of(target: Target): Promise<unknown>;
  /** Makes the one that all calls of a target share, where they do. */
  prepare(target: Target): Promise<void>;
  /** Gives back what was made for one call. */
  release(): Promise<void>;
  /** Gives back what was made for all. */
  close(): Promise<void>;
}

export function makeReceivers(declarations: Declarations): Receivers {
  const { standIns, release: releaseStandIns } = makeStandIns();
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
    async prepare({ madeBy: maker }) {
      if (maker !== null && 'make' in maker && !shared.has(maker)) shared.set(maker, await maker.make());
    },
    async of({ madeBy: maker }) {
      if (maker === null) return undefined;
      return 'make' in maker ? shared.get(maker) : madeBy(maker);
    },
    async release() {
      for (const made of own.splice(0)) await disposeOf(made);
      releaseStandIns();
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
