import { boolean, check, checkOptions, type OptionRules, optional, rule, string } from '@cnnzoo/checks';
import type { EvaluationReport } from '@cnnzoo/evaluate';
import { hubModelFiles } from '@cnnzoo/weights';
import { classifierRule, type ImageClassifier } from '../classifier/classifier.js';
import { modelCard } from './model-card.js';

/** The options of `pushToHub`. */
export interface PushToHubOptions {
  /** Of `classifier.evaluate`, for the model card. Default: that of the classifier where `fineTune` made it, else none. */
  readonly report?: EvaluationReport;
  /** Whether a repository that is made here can be read by its owner alone. Default false. */
  readonly private?: boolean;
}

/** What `pushToHub` did. */
export interface PushedToHub {
  /** Of the repository's page. */
  readonly url: string;
  readonly commit: string;
  /** The files, and their sizes in bytes. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Whether `timm.create_model('hf-hub:owner/name', pretrained=True)` opens it. */
  readonly timm: boolean;
}

const rules: OptionRules<PushToHubOptions> = {
  report: optional(
    rule<EvaluationReport>('a report of evaluate', (value) => typeof value === 'object' && value !== null),
  ),
  private: optional(boolean),
};

/**
 * Writes a classifier into a repository of Hugging Face's hub: config.json, model.safetensors, and a model card with its report. `loadClassifier` opens it, and for the
 * networks that timm has, too, so does `timm.create_model('hf-hub:owner/name', pretrained=True)`. The environment variable `HF_TOKEN` says as whom, `HF_ENDPOINT` which hub.
 * Runs in Node.
 * @param repository 'hf-hub:owner/name'; it is made where it is not there
 * @returns its address, the commit and the files
 * @throws RangeError or TypeError naming the repository or option; Error where HF_TOKEN is not set, or the hub refuses
 * @example
 * import { loadClassifier, pushToHub } from 'cnnzoo';
 *
 * const classifier = await loadClassifier('pets');
 * console.log((await pushToHub(classifier, 'hf-hub:me/pets', { report: await classifier.evaluate('./pets-test') })).url);
 */
export async function pushToHub(
  classifier: ImageClassifier & { readonly report?: EvaluationReport | null },
  repository: string,
  options: PushToHubOptions = {},
): Promise<PushedToHub> {
  check('classifier', classifier, classifierRule);
  const given = checkOptions<PushToHubOptions>('pushToHub', options, rules);
  const name = repositoryName(repository);
  const token = process.env['HF_TOKEN'];
  if (token === undefined || token === '')
    throw new Error(
      'the hub wants to know who you are: set HF_TOKEN to a token with the right to write, see https://huggingface.co/settings/tokens',
    );
  const endpoint = (process.env['HF_ENDPOINT'] || 'https://huggingface.co').replace(/\/+$/, '');
  const { config, weights, timm } = hubModelFiles(classifier.model);
  const report = given.report ?? classifier.report ?? null;
  const files = {
    'config.json': `${JSON.stringify(config, null, 2)}\n`,
    'model.safetensors': weights,
    'README.md': await modelCard({ repository: name, classifier, report, timm }),
  };
  const { uploadFiles } = await import('./upload-files.js');
  const commit = await uploadFiles({
    repository: name,
    endpoint,
    token,
    isPrivate: given.private ?? false,
    title: `${classifier.model.name} of ${classifier.categories.length} classes`,
    files,
  });
  return {
    url: `${endpoint}/${name}`,
    commit,
    files: Object.entries(files).map(([path, content]) => ({ path, bytes: Buffer.byteLength(content) })),
    timm,
  };
}

function repositoryName(repository: string): string {
  check('repository', repository, string("'hf-hub:owner/name'"));
  const [, name] = /^(?:hf[-_]hub:)?([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)$/.exec(repository) ?? [];
  if (name === undefined)
    throw new RangeError(`repository must be 'hf-hub:owner/name', got '${repository.slice(0, 200)}'`);
  return name;
}
