/** Writes to Hugging Face's hub, by its own client. */
import { commit, createRepo, HubApiError } from '@huggingface/hub';

/** Where and as whom. */
export interface HubUpload {
  /** Owner and name. */
  readonly repository: string;
  readonly endpoint: string;
  readonly token: string;
  /** Whether a repository that is made here is for its owner alone. */
  readonly isPrivate: boolean;
  readonly title: string;
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

/**
 * Makes the repository where it is not there, and writes all files in one commit.
 * @returns the commit
 * @throws Error naming the repository and what the hub answered
 */
export async function uploadFiles({
  repository,
  endpoint,
  token,
  isPrivate,
  title,
  files,
}: HubUpload): Promise<string> {
  const access = { repo: repository, accessToken: token, hubUrl: endpoint };
  try {
    await createRepo({ ...access, ...(isPrivate && { visibility: 'private' }) }).catch((error: unknown) => {
      // It is there already.
      if (!(error instanceof HubApiError && error.statusCode === 409)) throw error;
    });
    const operations = Object.entries(files).map(([path, content]) => ({
      operation: 'addOrUpdate' as const,
      path,
      content: new Blob([typeof content === 'string' ? content : new Uint8Array(content)]),
    }));
    const done = await commit({ ...access, title, operations });
    if (done === undefined) throw new Error('the hub made no commit');
    return done.commit.oid;
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    // fetch says only that it failed; why is what caused that.
    const why = cause.cause instanceof Error ? `: ${cause.cause.message}` : '';
    throw new Error(`hf-hub:${repository}: ${cause.message}${why}`, { cause });
  }
}
