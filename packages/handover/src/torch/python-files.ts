/** The Python files that every program has, as they lie in the package. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** What does the work; `recipe.py`, `images.py` and `network.py` are written beside them. */
export const programFiles = ['train.py', 'checkpoint.py', 'order.py', 'image_folders.py'] as const;

type PythonFile = (typeof programFiles)[number] | 'parity.py' | 'rmsprop_tf.py' | 'more_transforms.py';

/** Where a file of this package's lies. The build puts them beside what Node resolves the package to. */
export function pythonFile(name: PythonFile): string {
  return join(dirname(createRequire(import.meta.url).resolve('@cnnzoo/handover')), name);
}

export const readPythonFile = (name: PythonFile): Promise<string> => readFile(pythonFile(name), 'utf8');
