import type { KnownFailure } from './known-failures.js';
import type { SpecOutcome } from './run-specs.js';

export interface Verdict {
  readonly passed: number;
  /** Failures that are not in the list of known ones. */
  readonly failures: readonly SpecOutcome[];
  readonly knownFailures: readonly KnownFailure[];
  /** Entries of the list whose spec ran and did not fail. */
  readonly passingKnownFailures: readonly KnownFailure[];
}

export function judge(outcomes: readonly SpecOutcome[], known: readonly KnownFailure[]): Verdict {
  const knownNames = new Set(known.map(({ spec }) => spec));
  const failed = outcomes.filter(({ failure }) => failure !== null);
  const failedNames = new Set(failed.map(({ name }) => name));
  const ran = new Set(outcomes.map(({ name }) => name));
  return {
    passed: outcomes.length - failed.length,
    failures: failed.filter(({ name }) => !knownNames.has(name)),
    knownFailures: known.filter(({ spec }) => failedNames.has(spec)),
    passingKnownFailures: known.filter(({ spec }) => ran.has(spec) && !failedNames.has(spec)),
  };
}

/** Rows "count  group", most frequent first. */
function countBy(outcomes: readonly SpecOutcome[], groupOf: (outcome: SpecOutcome) => string): string[] {
  const counts = new Map<string, number>();
  for (const outcome of outcomes) counts.set(groupOf(outcome), (counts.get(groupOf(outcome)) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]).map(([group, count]) => `${String(count).padStart(6)}  ${group}`);
}

const clip = (text: string, length: number) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

/** A failure's message on one line, numbers taken out, so that equal faults in different specs fall into one group. */
const messageGroup = ({ failure }: SpecOutcome) =>
  clip(
    (failure ?? '')
      .replace(/\s+/g, ' ')
      .replace(/-?\d+(\.\d+)?(e[-+]?\d+)?/g, 'N')
      .replace(/(N,? ?)+N/g, 'N…'),
    110,
  );

/** What the spec tests: its suite's name, which tfjs-core begins with the operation, without backend and flags. */
const subject = ({ name }: SpecOutcome, backend: string) => clip(name.split(` ${backend} {`)[0] ?? name, 60);

/**
 * @param details how many failures are listed one by one
 */
export function formatReport(verdict: Verdict, backend: string, seconds: number, details: number): string {
  const { passed, failures, knownFailures, passingKnownFailures } = verdict;
  const lines: string[] = [];
  if (failures.length > 0) {
    lines.push('Failures by message:', ...countBy(failures, messageGroup).slice(0, 40), '');
    lines.push('Failures by operation:', ...countBy(failures, (failure) => subject(failure, backend)).slice(0, 60), '');
    for (const { name, failure } of failures.slice(0, details))
      lines.push(`✗ ${name}`, `    ${clip(failure ?? '', 600)}`);
    const unlisted = failures.length - details;
    if (unlisted > 0) lines.push(`… and ${unlisted} more (--details ${failures.length} lists all)`);
    lines.push('');
  }
  for (const { spec, reason } of knownFailures) lines.push(`- ${spec}: cannot pass: ${reason}`);
  for (const { spec } of passingKnownFailures) lines.push(`✗ ${spec}: passes, remove it from known-failures.ts`);
  lines.push(
    `tfjs-core's specs on backend ${backend}: ${passed} passed, ${failures.length} failed, ` +
      `${knownFailures.length} cannot pass by nature, ${seconds.toFixed(0)} s`,
  );
  return lines.join('\n');
}
