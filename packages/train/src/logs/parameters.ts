import { type Rule, rule } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';

/** Settings of a run, by name. */
export const parametersRule: Rule<Readonly<Record<string, string | number | boolean>>> = /* @__PURE__ */ rule(
  'an object of texts, numbers, true and false',
  (value) =>
    isRecord(value) && Object.values(value).every((each) => ['string', 'number', 'boolean'].includes(typeof each)),
);
