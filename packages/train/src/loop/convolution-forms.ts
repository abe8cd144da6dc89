/**
 * Which forms of convolutions the backend `onnx` has measured to be fastest, as text. A step has other bits with other forms, so that a run
 * which resumes takes those that it began with.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Rules choose all forms. */
const none = '{}';

function backendWithForms(): { forms: string } | null {
  const backend = tf.backend() as { forms?: unknown };
  return typeof backend.forms === 'string' ? (backend as { forms: string }) : null;
}

/** The forms in use; undefined where rules choose them, or the backend has none. */
export function convolutionForms(): string | undefined {
  const forms = backendWithForms()?.forms ?? none;
  return forms === none ? undefined : forms;
}

/** Does work with the forms of a checkpoint, and puts back those from before. */
export async function withConvolutionForms<Result>(
  forms: string | undefined,
  work: () => Promise<Result>,
): Promise<Result> {
  const backend = backendWithForms();
  if (backend === null) return work();
  const before = backend.forms;
  backend.forms = forms ?? none;
  try {
    return await work();
  } finally {
    backend.forms = before;
  }
}
