/** Colours of a scale from 0 to 1, between which is interpolated. */
type ColorMap = readonly (readonly [red: number, green: number, blue: number])[];

/** Matplotlib's inferno at nine places: even in brightness, so that it can be read in grey and by the colour-blind. */
export const inferno: ColorMap = [
  [0, 0, 4],
  [31, 12, 72],
  [85, 15, 109],
  [136, 34, 106],
  [186, 54, 85],
  [227, 89, 51],
  [249, 140, 10],
  [249, 201, 50],
  [252, 255, 164],
];

/** From the page's white to a dark blue. */
export const blues: ColorMap = [
  [255, 255, 255],
  [198, 219, 239],
  [107, 174, 214],
  [33, 113, 181],
  [8, 48, 107],
];

/** The colour at `value`, 0 to 1. */
export function colorAt(map: ColorMap, value: number): [red: number, green: number, blue: number] {
  const place = Math.min(1, Math.max(0, value)) * (map.length - 1);
  const below = Math.min(map.length - 2, Math.floor(place));
  const share = place - below;
  const [a = [0, 0, 0], b = [0, 0, 0]] = [map[below], map[below + 1]];
  return [0, 1, 2].map((c) => Math.round((a[c] ?? 0) * (1 - share) + (b[c] ?? 0) * share)) as [number, number, number];
}
