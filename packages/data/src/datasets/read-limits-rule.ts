import { number, optional, positive, type Rule, record } from '@cnnzoo/checks';
import type { ReadLimits } from '@cnnzoo/files';

const limit = optional(number(0));

/** Repeated in @cnnzoo/weights: where the limits are, @cnnzoo/files, knows no rules. */
export const readLimitsRule: Rule<ReadLimits> = record<ReadLimits>({
  memory: limit,
  values: limit,
  depth: limit,
  entries: limit,
  time: limit,
  stall: optional(positive),
});
