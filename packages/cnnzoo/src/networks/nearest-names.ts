import { distance } from 'fastest-levenshtein';

/** Punctuation and case are where names differ most often: `ResNet-50` is `resnet50`. */
function comparable(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The three of `names` that take the fewest changes of a character to become `name`, the nearest first. */
export function nearestNames(name: string, names: readonly string[]): string[] {
  const wanted = comparable(name);
  return names
    .map((each) => ({ each, distance: distance(wanted, comparable(each)) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ each }) => each);
}
