/** Repositories on Hugging Face's hub: how they are called, where they are, and with which right they are read. */
import { runsInNode } from '@cnnzoo/files';

/** A repository in one of its revisions. */
export interface HubRepository {
  /** Owner and name, as 'timm/resnet18.a1_in1k'. */
  readonly name: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const prefix = /^hf[-_]hub:/;

/** Whether weights are called as timm calls those on the hub: 'hf-hub:owner/name'. */
export function isHubName(weights: string): boolean {
  return prefix.test(weights);
}

/**
 * The repository that a name means.
 * @param name 'hf-hub:owner/name', or with a revision 'hf-hub:owner/name@revision'
 * @throws RangeError for another one
 */
export function hubRepository(name: string): HubRepository {
  const [, owner, repository, revision = 'main'] =
    /^hf[-_]hub:([A-Za-z0-9][\w.-]*)\/([A-Za-z0-9][\w.-]*)(?:@([\w.-]+(?:\/[\w.-]+)*))?$/.exec(name) ?? [];
  if (owner === undefined || repository === undefined)
    throw new RangeError(
      `a repository of the hub is called hf-hub:owner/name or hf-hub:owner/name@revision, got '${name.slice(0, 200)}'`,
    );
  return { name: `${owner}/${repository}`, revision };
}

/** The name without a revision of the repository that an address of the hub's files is in, or null for any other address. */
export function hubNameOf(url: string): string | null {
  const endpoint = `${hubEndpoint()}/`;
  const [, name] =
    /^([^/]+\/[^/]+)\/resolve\/[0-9a-f]{40}\//.exec(url.startsWith(endpoint) ? url.slice(endpoint.length) : '') ?? [];
  return name === undefined ? null : `hf-hub:${name}`;
}

/** The hub's address: the environment variable HF_ENDPOINT names another than huggingface.co; a page has no such variables. */
export function hubEndpoint(): string {
  const given = runsInNode() ? process.env['HF_ENDPOINT'] : undefined;
  return given === undefined || given === '' ? 'https://huggingface.co' : given.replace(/\/+$/, '');
}

/** The header with HF_TOKEN for an address of the hub; nothing for any other, such as the store of files that the hub redirects to. */
export function hubAuthorization(url: string): Readonly<Record<string, string>> {
  const token = process.env['HF_TOKEN'] ?? '';
  const endpoint = hubEndpoint();
  if (token === '' || !URL.canParse(endpoint) || new URL(url).origin !== new URL(endpoint).origin) return {};
  return { authorization: `Bearer ${token}` };
}
