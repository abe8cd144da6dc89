/** What `parity` has found, as data and as text. */
import type { Recipe, RecipeName } from '@cnnzoo/train';

/** Deviations of weights after the last step. */
export interface WeightDeviation {
  /** The L2 norm of the difference of all weights, relative to theirs. */
  readonly all: number;
  /** Of the tensor that is furthest off, relative to its own norm. */
  readonly worst: number;
  /** Its key. */
  readonly tensor: string;
}

/** What is compared, for one pair of runs: the largest relative deviations over the steps. */
export interface Deviation {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly weights: WeightDeviation;
}

/** One step on each side. */
export interface ParityStep {
  readonly loss: { readonly engine: number; readonly torch: number; readonly float64: number };
  readonly gradientNorm: { readonly engine: number; readonly torch: number; readonly float64: number };
}

/**
 * How it ended. `equal`: losses within 1e-5 of PyTorch's. `equal as far as float32 allows`: not that, but no more than eight times as far
 * from PyTorch's float64 run as PyTorch's own float32 is; then the run itself is ill-conditioned. `different`: neither.
 */
export type Verdict = 'equal' | 'equal as far as float32 allows' | 'different';

/** A certificate. */
export interface ParityCertificate {
  readonly format: 'cnnzoo-parity-1';
  readonly network: string;
  readonly recipe: RecipeName | Recipe;
  readonly verdict: Verdict;
  readonly settings: {
    readonly steps: number;
    readonly batchSize: number;
    /** Height, width and channels. */
    readonly input: readonly number[];
    readonly learningRate: number;
    readonly dropout: 'off';
    /** Threads of PyTorch. */
    readonly threads: number;
  };
  readonly deviations: {
    /** Of this engine from PyTorch, both float32. */
    readonly engineFromTorch: Deviation;
    /** Of PyTorch's float32 from its own float64: what rounding alone does. */
    readonly torchFromFloat64: Deviation;
    readonly engineFromFloat64: Deviation;
  };
  readonly steps: readonly ParityStep[];
  readonly versions: Readonly<Record<string, string>>;
  /** SHA-256 of the files that both sides had, and of this engine's weights after the last step, engine.safetensors. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly date: string;
}

/** Of a loss: what 20 steps may be off where the run is well-conditioned. */
export const lossBar = 1e-5;
/** How many times PyTorch's own float32 error another order of additions may have. */
const float32Allowance = 8;

export function verdictOf({
  engineFromTorch,
  engineFromFloat64,
  torchFromFloat64,
}: ParityCertificate['deviations']): Verdict {
  if (engineFromTorch.loss <= lossBar) return 'equal';
  return engineFromFloat64.loss <= float32Allowance * torchFromFloat64.loss
    ? 'equal as far as float32 allows'
    : 'different';
}

const small = (value: number) => value.toExponential(1);

/** The certificate as Markdown. */
export function certificateText(certificate: ParityCertificate): string {
  const { network, recipe, verdict, settings, deviations, steps, versions, hashes, date } = certificate;
  const row = (name: string, { loss, gradientNorm, weights }: Deviation) =>
    `| ${name} | ${small(loss)} | ${small(gradientNorm)} | ${small(weights.all)} | ${small(weights.worst)} \`${weights.tensor}\` |`;
  return `# Training parity of ${network}

**${verdict}**: ${settings.steps} steps of ${typeof recipe === 'string' ? `the recipe \`${recipe}\`` : `a recipe (${recipe.paper})`} on the same ${settings.batchSize} images a step of
${settings.input.join(' x ')}, learning rate ${settings.learningRate}, dropout off, in this engine and in PyTorch.

| largest relative deviation | loss | gradient norm | all weights after the last step | the tensor that is furthest off |
| --- | --- | --- | --- | --- |
${row('this engine from PyTorch', deviations.engineFromTorch)}
${row("PyTorch's float32 from its float64", deviations.torchFromFloat64)}
${row("this engine from PyTorch's float64", deviations.engineFromFloat64)}

The second row is what rounding to float32 alone does in this run. Losses within ${lossBar.toExponential()} of PyTorch's are \`equal\`. Where the run amplifies
rounding more than that, it is \`equal as far as float32 allows\` if this engine is no more than ${float32Allowance} times as far from float64 as PyTorch is.

| step | loss here | in PyTorch | in float64 | gradient norm here | in PyTorch | in float64 |
| --- | --- | --- | --- | --- | --- | --- |
${steps
  .map(({ loss, gradientNorm }, i) =>
    [
      i + 1,
      ...[loss, gradientNorm].flatMap((each) =>
        [each.engine, each.torch, each.float64].map((value) => value.toPrecision(9)),
      ),
    ].join(' | '),
  )
  .map((cells) => `| ${cells} |`)
  .join('\n')}

| | |
| --- | --- |
${Object.entries(versions)
  .map(([name, version]) => `| ${name} | ${version} |`)
  .join('\n')}
| date | ${date} |

| file | SHA-256 |
| --- | --- |
${Object.entries(hashes)
  .map(([name, hash]) => `| ${name} | \`${hash}\` |`)
  .join('\n')}
`;
}
