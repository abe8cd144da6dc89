import { checkImage } from './image/image.js';
import { toTensorNormalized } from './image/normalize.js';
import { checkTransforms, type Transform, type TransformDescription } from './transform.js';

/**
 * One transform that runs several in turn, as torchvision's Compose.
 * @param transforms this package's transforms, or functions of your own
 * @returns a transform; where one of them is random it needs a generator, which they share
 * @throws TypeError where one of them is not a function
 * @example
 * import { centerCrop, compose, normalize, resize, toTensor } from '@cnnzoo/transforms';
 * const preprocess = compose([resize(256), centerCrop(224), toTensor(), normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]);
 * const image = { data: new Uint8Array(320 * 280 * 3), width: 320, height: 280, channels: 3 };
 * console.log(preprocess(image).data.length); // 224 * 224 * 3
 */
export function compose(transforms: readonly Transform[]): Transform {
  checkTransforms(transforms);
  const steps = fuse(transforms);
  const composed: Transform = (image, random, onDraw) => {
    checkImage(image);
    return steps.reduce((result, step) => step(result, random, onDraw), image);
  };
  const last = steps.at(-1)?.into;
  const into: Transform['into'] =
    last === undefined
      ? undefined
      : (image, random, place) => {
          checkImage(image);
          const before = steps.slice(0, -1).reduce((result, step) => step(result, random), image);
          return last(before, random, place);
        };
  return Object.assign(composed, { description: describeList(transforms), ...(into === undefined ? {} : { into }) });
}

/** The description of a list of transforms, or undefined where a function of the user's own is in it. */
function describeList(transforms: readonly Transform[]): TransformDescription | undefined {
  const descriptions = transforms.map((transform) => transform.description);
  return descriptions.includes(undefined) ? undefined : { name: 'compose', arguments: [descriptions] };
}

/** toTensor followed by normalize is in every network's preprocessing: one pass over the pixels instead of two. */
function fuse(transforms: readonly Transform[]): Transform[] {
  const steps: Transform[] = [];
  for (const transform of transforms) {
    const { description } = transform;
    if (steps.at(-1)?.description?.name === 'toTensor' && description?.name === 'normalize') {
      const [mean, standardDeviation] = description.arguments as [number[], number[]];
      steps[steps.length - 1] = toTensorNormalized(mean, standardDeviation);
    } else steps.push(transform);
  }
  return steps;
}
