import { pathToFileURL } from 'node:url';
import Jasmine from 'jasmine';

export interface SpecOutcome {
  readonly name: string;
  /** Message of the first failed expectation; null for a spec that passed. */
  readonly failure: string | null;
}

/**
 * Runs the specs of a bundle one after another in this process.
 * @param bundle path of an ES module that registers the specs
 * @param selects says whether the spec of this full name runs
 */
export async function runSpecs(bundle: string, selects: (name: string) => boolean): Promise<SpecOutcome[]> {
  const runner = new Jasmine();
  runner.exitOnCompletion = false;
  runner.clearReporters();
  // tfjs-core has specs with the same name.
  runner.env.configure({
    random: false,
    forbidDuplicateNames: false,
    specFilter: (spec) => selects(spec.getFullName()),
  });
  const outcomes: SpecOutcome[] = [];
  runner.addReporter({
    specDone({ fullName, status, failedExpectations }) {
      if (status === 'passed') outcomes.push({ name: fullName, failure: null });
      if (status === 'failed')
        outcomes.push({ name: fullName, failure: failedExpectations[0]?.message ?? 'failed without a message' });
    },
    // A failure outside of any spec: in a beforeAll, or an error that a spec left behind.
    suiteDone({ fullName, failedExpectations }) {
      for (const { message } of failedExpectations) outcomes.push({ name: fullName, failure: message });
    },
  });
  await import(pathToFileURL(bundle).href);
  const { failedExpectations } = await runner.execute();
  for (const { message } of failedExpectations) outcomes.push({ name: 'outside of the specs', failure: message });
  return outcomes;
}
