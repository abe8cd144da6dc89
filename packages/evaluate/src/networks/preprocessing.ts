import type { Preprocessing } from '@cnnzoo/metadata';
import { type Image, normalize, pad, resize, toTensor } from '@cnnzoo/transforms';

/** The image from which crops are cut: its shorter side at `scale`, with the network's border of black. */
export function resizeToScale(image: Image, scale: number, { padding = 0, interpolation }: Preprocessing): Image {
  const resized = resize(scale, interpolation === undefined ? {} : { interpolation })(image);
  return padding === 0 ? resized : pad(padding)(resized);
}

/** Pixels as the network wants them: float32, normalized. */
export function normalized(image: Image, { mean, std }: Preprocessing): Image {
  return normalize(mean, std)(toTensor()(image));
}
