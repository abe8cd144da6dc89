import {
  type BatchTransform,
  batchTransformFromDescription,
  fromDescription,
  type Transform,
  type TransformDescription,
} from '@cnnzoo/transforms';

/**
 * A transform, or the URL of a module whose default export is one: the way to bring a function of your own to worker threads,
 * which cannot be sent there.
 */
export type TransformSource = Transform | URL;

/** What a worker thread makes its transforms from. */
export interface TransformPlan {
  readonly transform?: TransformDescription | string;
  readonly batchTransform?: BatchTransform['description'];
}

/**
 * What worker threads need to make the same transforms.
 * @throws TypeError where the transform is, or contains, a function of the user's own
 */
export function transformPlan(transform?: TransformSource, batchTransform?: BatchTransform): TransformPlan {
  return {
    ...(transform === undefined ? {} : { transform: transform instanceof URL ? transform.href : describe(transform) }),
    ...(batchTransform === undefined ? {} : { batchTransform: batchTransform.description }),
  };
}

function describe({ description }: Transform): TransformDescription {
  if (description !== undefined) return description;
  throw new TypeError(
    'transform contains a function of your own, which cannot be sent to worker threads; export it by default from a module and give its URL, or use workers: 0',
  );
}

/** The transforms of a plan: what a worker does first. */
export async function resolvePlan({ transform, batchTransform }: TransformPlan) {
  return {
    transform:
      typeof transform === 'string' ? await importTransform(transform) : transform && fromDescription(transform),
    batchTransform: batchTransform && batchTransformFromDescription(batchTransform),
  };
}

async function importTransform(url: string): Promise<Transform> {
  const module = (await import(url)) as { default?: unknown };
  if (typeof module.default !== 'function')
    throw new TypeError(`transform: the default export of ${url} must be a function, got ${typeof module.default}`);
  return module.default as Transform;
}
