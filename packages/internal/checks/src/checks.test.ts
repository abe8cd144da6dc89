import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  abortSignal,
  boolean,
  callable,
  check,
  checkOptions,
  either,
  integer,
  layersModel,
  listOf,
  nearestNames,
  number,
  type OptionRules,
  oneOf,
  optional,
  positive,
  type Rule,
  record,
  shown,
  size2d,
  string,
  tensor,
} from './index.js';

const rules: Readonly<Record<string, Rule<never>>> = {
  'integer()': integer(),
  'integer(1)': integer(1),
  'integer(0, 9)': integer(0, 9),
  'number()': number(),
  'number(0, 1)': number(0, 1),
  'number(-Infinity, 0)': number(-Infinity, 0),
  positive,
  boolean,
  string: string(),
  callable: callable(),
  abortSignal,
  oneOf: oneOf(['avg', 'max', null]),
  size2d: size2d(1),
  listOf: listOf(integer(0), 1),
  either: either(integer(1), oneOf(['same', 'valid'])),
  record: record<{ delay?: number }>({ delay: optional(number(0)) }),
  tensor: tensor('a float32 tensor [count]', ({ dtype, shape }) => dtype === 'float32' && shape.length === 1),
  layersModel: layersModel(),
} as never;

const hostile = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
  fc.double(),
  fc.integer(),
  fc.constantFrom<unknown>(Number.NaN, -0, Symbol('s'), () => 1, class A {}, /x/, new Error('x'), globalThis),
);
const revoked = Proxy.revocable({}, {});
revoked.revoke();
const throwing = {
  get dtype() {
    throw new Error('looked at');
  },
};

describe('every rule', () => {
  test.each(Object.entries(rules))('%s lets a value pass or refuses it by a sentence', (_, rule) => {
    fc.assert(
      fc.property(hostile, (value) => {
        const fault = rule.fault('argument', value);
        if (fault === null) return;
        expect(fault instanceof TypeError || fault instanceof RangeError).toBe(true);
        expect(fault.message).toMatch(/^argument[^ ]* (must be .+, got .+|has no option .+)$/s);
      }),
    );
  });

  test.each<[string, Rule<never>, unknown, string]>([
    ['integer', integer(1) as never, 0.5, 'RangeError: n must be an integer of at least 1, got 0.5'],
    ['integer', integer(1) as never, Number.NaN, 'RangeError: n must be an integer of at least 1, got NaN'],
    ['integer', integer(1) as never, '3', "TypeError: n must be an integer of at least 1, got '3'"],
    ['integer', integer(0, 9) as never, 2 ** 60, `RangeError: n must be an integer from 0 to 9, got ${2 ** 60}`],
    ['number', number(0, 1) as never, -0.1, 'RangeError: n must be a finite number from 0 to 1, got -0.1'],
    ['number', number() as never, Infinity, 'RangeError: n must be a finite number, got Infinity'],
    ['positive', positive as never, 0, 'RangeError: n must be a finite number above 0, got 0'],
    ['oneOf', oneOf(['a', 'b']) as never, 'c', "RangeError: n must be one of 'a', 'b', got 'c'"],
    ['oneOf', oneOf(['a', 'b']) as never, 1, "TypeError: n must be one of 'a', 'b', got 1"],
    ['string', string() as never, '', "RangeError: n must be a string that is not empty, got ''"],
    [
      'either',
      either(integer(1), oneOf(['same'])) as never,
      0,
      "RangeError: n must be an integer of at least 1 or 'same', got 0",
    ],
    ['listOf', listOf(integer(1)) as never, [1, 0], 'RangeError: n[1] must be an integer of at least 1, got 0'],
    [
      'size2d',
      size2d(1) as never,
      [1, 2, 3],
      'must be an integer of at least 1, or two: [height, width], got [1, 2, 3]',
    ],
    [
      'size2d',
      size2d(1) as never,
      [1, -2],
      'RangeError: n must be an integer of at least 1, or two: [height, width], got [1, -2]',
    ],
    [
      'tensor',
      tensor('a float32 tensor [count]', ({ shape }) => shape.length === 1) as never,
      { dtype: 'int32', shape: [2, 3], isDisposed: false, data: () => {} },
      'RangeError: n must be a float32 tensor [count], got int32 tensor [2, 3]',
    ],
    [
      'tensor',
      tensor('a tensor') as never,
      { dtype: 'int32', shape: [2], isDisposed: true },
      'TypeError: n must be a tensor, got disposed int32 tensor [2]',
    ],
  ])('%s refuses %#', (_, rule, value, message) => {
    expect(() => check('n', value, rule)).toThrow(message.replace(/^\w+Error: /, ''));
    expect(String(rule.fault('n', value))).toContain(message);
  });
});

describe('a value in a message', () => {
  test('is short, on one line, and printed without an error, whatever it is', () => {
    fc.assert(
      fc.property(hostile, (value) => {
        const text = shown(value);
        expect(text.length).toBeLessThan(8000);
        expect(text).not.toMatch(/[\p{Cc}\u2028-\u202e]/u);
      }),
    );
  });

  test.each<[unknown, string]>([
    ['x', "'x'"],
    ['a\nb\u001b[31m', "'a?b?[31m'"],
    ['a'.repeat(1000), `'${'a'.repeat(119)}`],
    [[1, [2, [3]]], '[1, [2, [3]]]'],
    [Array.from({ length: 5 }, (_, i) => i), '[0, 1, 2, 3, 4]'],
    [new Float32Array(3), 'an instance of Float32Array'],
    [new Map(), 'an instance of Map'],
    [{ a: 1, b: { c: { d: 2 } } }, '{ a, b }'],
    [{}, '{}'],
    [undefined, 'undefined'],
    [() => 1, 'an instance of Function'],
  ])('%#', (value, text) => {
    expect(shown(value)).toBe(text);
  });
});

test('a value that throws when it is looked at is said to be one', () => {
  for (const value of [revoked.proxy, throwing, [revoked.proxy]]) expect(shown(value)).toMatch(/an object/);
});

describe('options', () => {
  interface Options {
    readonly filters: number;
    readonly batchSize?: number;
    readonly padding?: 'same' | number;
    readonly batching?: { readonly maxDelay?: number };
  }
  const description: OptionRules<Options> = {
    filters: integer(1),
    batchSize: optional(integer(1)),
    padding: optional(either(integer(0), oneOf(['same']))),
    batching: optional(record<{ readonly maxDelay?: number }>({ maxDelay: optional(number(0)) })),
  };
  const given = (options: unknown) => () => checkOptions<Options>('train', options, description);

  test('that follow the rules are returned as they are', () => {
    const options = { filters: 3, padding: 'same', batchSize: undefined, batching: { maxDelay: 2 } };
    expect(checkOptions<Options>('train', options, description)).toBe(options);
  });

  test.each<[unknown, string]>([
    [null, 'options of train must be an object, got null'],
    [undefined, 'options of train must be an object, got undefined'],
    [[], 'options of train must be an object, got []'],
    [{}, 'filters must be an integer of at least 1, got undefined'],
    [{ filters: 1, batchsize: 3 }, "train has no option 'batchsize': did you mean 'batchSize'?"],
    [{ filters: 1, batch_size: 3 }, "train has no option 'batch_size': did you mean 'batchSize'?"],
    [{ filters: 1, epochs: 3 }, "train has no option 'epochs': it has filters, batchSize, padding, batching"],
    [{ filters: 1, batching: { maxdelay: 1 } }, "batching has no option 'maxdelay': did you mean 'maxDelay'?"],
    [{ filters: 1, batching: { maxDelay: -1 } }, 'batching.maxDelay must be a finite number of at least 0, got -1'],
    [{ filters: 1, batching: null }, 'batching must be an object with maxDelay, got null'],
    [{ filters: 1, batchSize: null }, 'batchSize must be an integer of at least 1, got null'],
  ])('%j', (options, message) => {
    expect(given(options)).toThrow(message);
  });

  test('the compiler holds the description against the interface', () => {
    // @ts-expect-error: an option is missing
    const missing: OptionRules<{ a: number; b: number }> = { a: integer() };
    // @ts-expect-error: another type
    const another: OptionRules<{ a: number }> = { a: string() };
    // @ts-expect-error: the rule is narrower than the interface
    const narrower: OptionRules<{ a: number | string }> = { a: integer() };
    // @ts-expect-error: the rule is wider than the interface
    const wider: OptionRules<{ a: 'x' }> = { a: oneOf(['x', 'y']) };
    // @ts-expect-error: the interface lets one leave it out
    const required: OptionRules<{ a?: number }> = { a: integer() };
    // @ts-expect-error: the interface does not let one leave it out
    const left: OptionRules<{ a: number }> = { a: optional(integer()) };
    // @ts-expect-error: no such option
    const surplus: OptionRules<{ a: number }> = { a: integer(), b: integer() };
    expect([missing, another, narrower, wider, required, left, surplus]).toHaveLength(7);
  });
});

test.each([
  ['batchsize', 'batchSize'],
  ['bacthSize', 'batchSize'],
  ['learning-rate', 'learningRate'],
  ['lerningRat', 'learningRate'],
  ['x', undefined],
  ['momentun', 'momentum'],
])('the name nearest to %s', (name, nearest) => {
  expect(nearestNames(name, ['batchSize', 'learningRate', 'momentum'])[0]).toBe(nearest);
});

test('a name of a million letters is near to none, at once', () => {
  expect(nearestNames('a'.repeat(1e6), ['batchSize'])).toEqual([]);
});
