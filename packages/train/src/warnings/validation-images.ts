import type { Loader } from '../loop/batch.js';

/** What is wrong where images are in both sets, or null. Loaders that do not say which images they have are compared as objects. */
export function sharedImages(loader: Loader, validation: Loader): string | null {
  const remedy = 'Take them out, as with split() of @cnnzoo/data.';
  if (loader === validation)
    return `validation is the training set itself: its accuracy says nothing about new images. ${remedy}`;
  if (loader.imageKeys === undefined || validation.imageKeys === undefined) return null;
  const validated = new Set(validation.imageKeys());
  const shared = new Set<string>();
  for (const key of loader.imageKeys()) if (validated.has(key)) shared.add(key);
  if (shared.size === 0) return null;
  const [example] = shared;
  return (
    `${shared.size} of ${validated.size} validation images are in the training set, too, such as ${example}: ` +
    `validation accuracy says less about new images. ${remedy}`
  );
}
