import { check, checkOptions, string } from '@cnnzoo/checks';
import { openSource, parseJson, readBudget } from '@cnnzoo/files';
import { type DownloadOptions, downloadRules } from '../download/weights-cache.js';
import type { PublishedWeights } from '../published/published-weights.js';
import { hubEndpoint, hubRepository } from './hub-address.js';
import { openRepository } from './open-repository.js';
import { readHubConfig } from './read-config.js';

/** Weights in a repository of Hugging Face's hub. */
export interface HubWeights extends PublishedWeights {
  /** [height, width, channels] that the network was trained with; null where the repository does not say, then the network's own. */
  readonly inputShape: readonly [number, number, number] | null;
  /** Names of the classes, or null where the repository has none. */
  readonly categories: readonly string[] | null;
}

/** What `config.json` says, and the file of the weights that it describes. */
export interface HubSnapshot {
  readonly weights: HubWeights;
  /** Downloads the weights into the cache, or finds them there. */
  readonly download: () => Promise<string | File>;
}

/**
 * What a repository of Hugging Face's hub says of its weights: timm's for the networks of this project, or one that `pushToHub` of cnnzoo wrote.
 * `HF_ENDPOINT` names another hub, `HF_TOKEN` opens private repositories.
 * @param name 'hf-hub:owner/name', or with a branch, tag or commit 'hf-hub:owner/name@revision'
 * @param options as for `loadPretrained`
 * @throws RangeError or TypeError naming the repository and what this project cannot use; Error where it cannot be read
 * @example
 * import { describeHubWeights } from '@cnnzoo/weights';
 *
 * const { architecture, numClasses, preprocessing } = await describeHubWeights('hf-hub:timm/resnet18.a1_in1k');
 */
export async function describeHubWeights(name: string, options: DownloadOptions = {}): Promise<HubWeights> {
  check('name', name, string("a repository such as 'hf-hub:timm/resnet18.a1_in1k'"));
  checkOptions<DownloadOptions>('describeHubWeights', options, downloadRules);
  return (await openHubWeights(name, options)).weights;
}

/** The same at one commit, with the weights themselves. */
export async function openHubWeights(name: string, options: DownloadOptions): Promise<HubSnapshot> {
  const repository = hubRepository(name);
  const files = await openRepository(repository, options);
  const source = await openSource(await files('config.json'));
  const bytes = await source.read(0, source.size);
  const content = parseJson(bytes, `${name}: config.json`, readBudget(name, bytes.length));
  const { architecture, byTimm, numClasses, licence, ...config } = readHubConfig(name, content);
  return {
    weights: {
      ...config,
      id: name,
      name: repository.name,
      architecture,
      url: `${hubEndpoint()}/${repository.name}`,
      hash: null,
      megabytes: null,
      rules: byTimm && architecture.startsWith('vgg') ? 'timmVgg' : 'torchvision',
      numClasses,
      top1: null,
      top5: null,
      protocol: null,
      licence,
      notes: null,
    },
    download: () => files('model.safetensors'),
  };
}
