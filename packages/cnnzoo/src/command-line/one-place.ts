/**
 * The places that a shell made of `data-{000..099}.tar`, as one name with braces again, which is how shards are named in programs and run files.
 */
export function onePlace(places: readonly string[]): string {
  const [first = '', ...others] = places;
  if (others.length === 0) return first;
  return `{${places.map((place) => place.replaceAll(/[\\{},]/g, '\\$&')).join(',')}}`;
}
