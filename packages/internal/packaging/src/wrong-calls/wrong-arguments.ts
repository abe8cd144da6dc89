/** Right arguments with one thing wrong. */
import fc from 'fast-check';

/** What no function takes, wherever it stands. */
const neverRight = fc.oneof(
  fc.constantFrom<unknown>(Symbol('x'), 10n, new Date(0), new WeakSet()),
  fc.constant(Number.NaN),
  fc.array(fc.constant(Symbol('y')), { minLength: 1, maxLength: 2 }),
);

/** What is wrong nearly everywhere. */
const mostlyWrong = fc.constantFrom<unknown>(
  undefined,
  null,
  true,
  '',
  '7',
  'batchsize',
  0,
  -1,
  1.5,
  1e308,
  Number.NaN,
  Infinity,
  {},
  [],
  [null],
  [[]],
  new Map(),
  new Float32Array(3),
  new ArrayBuffer(0),
  { dtype: 'float32', shape: [1, 2, 2, 1], isDisposed: false },
  { layers: [], inputs: [], predict: () => undefined },
  () => undefined,
  () => {
    throw new RangeError('of the user');
  },
  Symbol('x'),
  10n,
  Object.freeze(Object.create(null)),
);

/**
 * Changes one place of the arguments: a value, an option that is unknown or misspelt, or an argument that is missing or too much.
 * @param certainly only by what no function takes
 */
export function withOneWrong(given: readonly unknown[], certainly: boolean): fc.Arbitrary<unknown[]> {
  const places = [...placesOf(given, [])];
  const wrong = certainly ? neverRight : fc.oneof({ weight: 3, arbitrary: mostlyWrong }, neverRight);
  const options: fc.Arbitrary<unknown[]>[] = [];
  if (places.length > 0)
    options.push(
      fc.tuple(fc.constantFrom(...places), wrong).map(([place, value]) => replaced([...given], place, value)),
    );
  const objects = places.filter((place) => isPlain(at(given, place)));
  if (objects.length > 0)
    options.push(
      fc
        .tuple(fc.constantFrom(...objects), fc.constantFrom('x', 'batchsize', '__proto__', 'toString', ''), wrong)
        .map(([place, name, value]) => {
          const object = at(given, place) as object;
          const [some = name] = Object.keys(object);
          const key = name === '' ? some.toUpperCase() : name;
          const changed = Object.defineProperty({ ...object }, key, { value, enumerable: true });
          return replaced([...given], place, changed);
        }),
    );
  if (!certainly) {
    options.push(fc.constant(given.slice(0, -1)));
    options.push(fc.array(mostlyWrong, { maxLength: given.length + 1 }));
  } else options.push(wrong.map((value) => given.map(() => value)));
  return fc.oneof(...options);
}

type Place = readonly (string | number)[];

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function* placesOf(value: unknown, place: Place): Generator<Place> {
  if (place.length > 0) yield place;
  if (Array.isArray(value)) for (const i of value.keys()) yield* placesOf(value[i], [...place, i]);
  else if (isPlain(value)) for (const key of Object.keys(value)) yield* placesOf(value[key], [...place, key]);
}

function at(value: unknown, place: Place): unknown {
  return place.reduce((inner, key) => (inner as Record<string | number, unknown>)[key], value);
}

function replaced<T>(value: T, [key, ...rest]: Place, by: unknown): T {
  if (key === undefined) return by as T;
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, by);
  return copy as T;
}
