/**
 * Height, width and channels of the images that an input takes, in whichever order the file has them: few channels tell which axis they are.
 * @param shape of the input; sizes that the file leaves open are 0 or less, and 0 in what is returned
 * @returns null where it takes no images
 */
export function imageLayout(
  shape: readonly number[],
): { layout: 'NHWC' | 'NCHW'; shape: [height: number, width: number, channels: number] } | null {
  const [, a = 0, b = 0, c = 0] = shape;
  const few = (size: number) => size >= 1 && size <= 4;
  if (shape.length !== 4 || !(few(a) || few(c))) return null;
  const sizes = (...found: [number, number, number]) =>
    found.map((size) => Math.max(0, size)) as [number, number, number];
  return few(c) && !few(a) ? { layout: 'NHWC', shape: sizes(a, b, c) } : { layout: 'NCHW', shape: sizes(b, c, a) };
}
