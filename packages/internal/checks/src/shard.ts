import { type Rule, rule } from './rule.js';

/** [i, n]: part i of n, counted from 0. */
export type Shard = readonly [index: number, count: number];

export const shardRule: Rule<Shard> = /* @__PURE__ */ rule<Shard>(
  '[i, n] with integers 0 <= i < n',
  (value) => Array.isArray(value) && value.length === 2,
  ([index, count]) => Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 0 && index < count,
);
