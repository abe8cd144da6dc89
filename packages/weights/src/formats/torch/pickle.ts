/**
 * A restricted unpickler. Python's pickle is a program for a small stack machine that can call anything Python can import;
 * this machine knows plain values and calls nothing but the functions that its caller lists, which are JavaScript. Everything else
 * that a pickle names becomes an inert object that says what it would have been.
 */
import type { Budget } from '@cnnzoo/files';

/** The globals that mean something here, as 'module name', and what a call of each gives. */
export type PickleGlobals = Readonly<Record<string, (args: readonly unknown[]) => unknown>>;

/** A global that a pickle named. It can be called or be an argument, as the class of a storage is. */
export class PickleGlobal {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

/** What Python would have made by calling a global that is unknown here. It is not made: this only remembers what it was made of. */
export class PickleObject {
  state: unknown = null;
  /** Of a subclass of dict. */
  readonly items = new Map<unknown, unknown>();
  /** Of a subclass of list or set. */
  readonly values: unknown[] = [];

  constructor(
    /** Its class or function, as 'argparse.Namespace'. */
    readonly name: string,
    readonly args: readonly unknown[],
  ) {}
}

export interface PickleRules {
  readonly globals: PickleGlobals;
  /** Resolves a persistent id, which is how PyTorch refers to storages. */
  readonly persistentId: (id: unknown) => unknown;
  readonly budget: Budget;
}

/** Thrown where the bytes end before the pickle does: the caller may have more of them. */
export class PickleEndError extends RangeError {}

/**
 * Runs one pickle.
 * Values: None is null; int is a number, or a bigint beyond 2^53; str is a string; bytes a Uint8Array; list and tuple are
 * arrays; dict and OrderedDict are Maps; set is a Set; objects of unknown classes are PickleObjects.
 * @returns the value and the offset after the pickle
 * @throws TypeError or RangeError saying what was not allowed or where the bytes are broken
 */
export function unpickle(bytes: Uint8Array, start: number, rules: PickleRules): { value: unknown; end: number } {
  return new Machine(bytes, start, rules).run();
}

/**
 * A value of a pickle for a message. Not String(value): tuples within tuples, each used twice, are a few bytes in the file and a text
 * without end.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.slice(0, 80)}'`;
  if (value instanceof PickleObject) return `a ${value.name.slice(0, 80)}`;
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value).slice(0, 80);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Where MARK stood on the stack. */
const stackMark = Symbol('mark');

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #rules: PickleRules;
  #position: number;
  #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, start: number, rules: PickleRules) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#position = start;
    this.#rules = rules;
  }

  run(): { value: unknown; end: number } {
    const { budget } = this.#rules;
    for (;;) {
      budget.values(1);
      const opcode = this.#byte();
      if (opcode === 0x2e /* STOP */) return { value: this.#pop(), end: this.#position };
      const operation = operations.get(opcode);
      if (operation === undefined)
        throw new TypeError(`pickle: opcode 0x${opcode.toString(16)} at byte ${this.#position - 1} is not allowed`);
      operation(this);
    }
  }

  /** Counts what takes more than one value does: a dict about five times as much, a copy as many as it copies. */
  count(values: number): void {
    this.#rules.budget.values(values);
  }

  #take(length: number): number {
    const at = this.#position;
    if (!(length <= this.#bytes.length - at))
      throw new PickleEndError(`pickle: ends at byte ${this.#bytes.length}, too early`);
    this.#position = at + length;
    return at;
  }

  #byte(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint8 = () => this.#byte();
  uint16 = () => this.#view.getUint16(this.#take(2), true);
  int32 = () => this.#view.getInt32(this.#take(4), true);
  uint32 = () => this.#view.getUint32(this.#take(4), true);
  float64 = () => this.#view.getFloat64(this.#take(8), false);
  uint64 = () => {
    const value = Number(this.#view.getBigUint64(this.#take(8), true));
    if (!Number.isSafeInteger(value)) throw new RangeError(`pickle: a length of ${value} bytes`);
    return value;
  };
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }
  /** A little-endian integer: converting it takes about as long as a value for each 8 bytes. */
  integer(length: number): number | bigint {
    this.count(Math.floor(length / 8));
    return longInteger(this.bytes(length));
  }
  text(length: number): string {
    const bytes = this.bytes(length);
    try {
      return utf8.decode(bytes);
    } catch (cause) {
      throw new TypeError('pickle: a text is not UTF-8', { cause });
    }
  }
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw new PickleEndError('pickle: ends within a line');
    const text = this.text(end - this.#position);
    this.#position++;
    return text;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }
  #pop(): unknown {
    if (this.#stack.length === 0) throw new TypeError(`pickle: empty stack at byte ${this.#position}`);
    const value = this.#stack.pop();
    if (value === stackMark) throw new TypeError(`pickle: a mark where a value was expected at byte ${this.#position}`);
    return value;
  }
  pop = () => this.#pop();
  /** Drops one value or one mark. */
  drop(): void {
    if (this.#stack.length === 0) throw new TypeError(`pickle: empty stack at byte ${this.#position}`);
    this.#stack.pop();
  }
  top(): unknown {
    const value = this.#pop();
    this.#stack.push(value);
    return value;
  }
  mark(): void {
    this.#stack.push(stackMark);
  }
  popToMark(): unknown[] {
    const at = this.#stack.lastIndexOf(stackMark);
    if (at < 0) throw new TypeError(`pickle: no mark at byte ${this.#position}`);
    const values = this.#stack.splice(at + 1);
    this.#stack.pop();
    return values;
  }
  popTuple(length: number): void {
    const values = Array.from({ length }, () => this.#pop());
    this.push(values.reverse());
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
  }
  memoize(): void {
    this.remember(this.#memo.size);
  }
  recall(index: number): void {
    if (!this.#memo.has(index)) throw new TypeError(`pickle: nothing was remembered as ${index}`);
    this.push(this.#memo.get(index));
  }

  append(values: unknown[]): void {
    const list = this.top();
    const target = list instanceof PickleObject ? list.values : list;
    if (!Array.isArray(target)) throw new TypeError('pickle: appends to something that is no list');
    for (const value of values) target.push(value);
  }
  setItems(items: unknown[]): void {
    const dict = this.top();
    const target = dict instanceof PickleObject ? dict.items : dict;
    if (!(target instanceof Map)) throw new TypeError('pickle: sets an item of something that is no dict');
    if (items.length % 2 !== 0) throw new TypeError('pickle: a key without a value');
    for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
  }
  addItems(values: unknown[]): void {
    const set = this.top();
    if (set instanceof PickleObject) for (const value of values) set.values.push(value);
    else if (set instanceof Set) for (const value of values) set.add(value);
    else throw new TypeError('pickle: adds to something that is no set');
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw new TypeError(`pickle: a global named by ${shown(module)} and ${shown(name)}`);
    const path = `${module} ${name}`;
    const { globals } = this.#rules;
    const known = Object.hasOwn(globals, path) ? globals[path] : undefined;
    const title = `${module}.${name}`;
    this.count(1);
    this.push(new PickleGlobal(path, known ?? ((args) => new PickleObject(title, args))));
  }
  /** REDUCE, NEWOBJ: calls a global with a tuple of arguments. What an inert object would have returned is inert, too. */
  call(): void {
    const args = this.#pop();
    const callable = this.#pop();
    if (!Array.isArray(args)) throw new TypeError('pickle: calls something without a tuple of arguments');
    this.#call(callable, args);
  }
  /** NEWOBJ_EX: with arguments by name, which no known global takes. */
  callByName(): void {
    const named = this.#pop();
    const args = this.#pop();
    const callable = this.#pop();
    if (!Array.isArray(args)) throw new TypeError('pickle: calls something without a tuple of arguments');
    if (callable instanceof PickleGlobal) this.#call(callable, [...args, named]);
    else this.#call(callable, args);
  }
  #call(callable: unknown, args: readonly unknown[]): void {
    this.count(4);
    if (callable instanceof PickleGlobal) {
      const [first] = args;
      if (Array.isArray(first)) this.count(first.length);
      else if (first instanceof Map || first instanceof Set) this.count(first.size);
      this.push(callable.call(args));
    } else if (callable instanceof PickleObject) {
      this.push(new PickleObject(`${callable.name.slice(0, 200)}()`, args));
    } else {
      throw new TypeError('pickle: calls something that is no global');
    }
  }
  /** OBJ: a class and its arguments after a mark; INST has the class's name in the pickle. */
  object(): void {
    const [callable, ...args] = this.popToMark();
    this.#call(callable, args);
  }
  instance(): void {
    const args = this.popToMark();
    this.global(this.line(), this.line());
    this.#call(this.#pop(), args);
  }
  /** BUILD: attributes of an object. Those of a dict (PyTorch's _metadata), of tensors and of functions are dropped. */
  build(): void {
    const state = this.#pop();
    const target = this.top();
    if (target instanceof PickleObject) target.state = state;
    else if (typeof target !== 'object' || target === null || Array.isArray(target) || target instanceof Uint8Array)
      throw new TypeError('pickle: sets attributes of something that has none');
  }
  persistentId(id: unknown): void {
    this.push(this.#rules.persistentId(id));
  }
}

/** A little-endian two's complement integer of any length. */
function longInteger(bytes: Uint8Array): number | bigint {
  // 8192 bits: nothing in a file of weights needs more, and converting them takes quadratic time.
  if (bytes.length > 1024) throw new RangeError(`pickle: an integer of ${bytes.length} bytes`);
  if (bytes.length === 0) return 0;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).reverse();
  const value = BigInt(`0x${digits.join('')}`);
  const signed = BigInt.asIntN(bytes.length * 8, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

function decimal(text: string): number {
  const value = Number(text);
  if (text === '' || Number.isNaN(value)) throw new TypeError(`pickle: '${text.slice(0, 40)}' is no number`);
  return value;
}

/** What each opcode does; names as in Python's pickletools. Whatever is not here is refused. */
const operations = new Map<number, (machine: Machine) => void>([
  [0x80 /* PROTO */, (m) => checkProtocol(m.uint8())],
  [0x95 /* FRAME */, (m) => void m.uint64()],
  [0x28 /* MARK */, (m) => m.mark()],
  [0x30 /* POP */, (m) => m.drop()],
  [0x31 /* POP_MARK */, (m) => void m.popToMark()],
  [0x32 /* DUP */, (m) => m.push(m.top())],
  [0x4e /* NONE */, (m) => m.push(null)],
  [0x88 /* NEWTRUE */, (m) => m.push(true)],
  [0x89 /* NEWFALSE */, (m) => m.push(false)],
  [0x49 /* INT */, (m) => m.push(textInteger(m.line()))],
  [0x4b /* BININT1 */, (m) => m.push(m.uint8())],
  [0x4d /* BININT2 */, (m) => m.push(m.uint16())],
  [0x4a /* BININT */, (m) => m.push(m.int32())],
  [0x4c /* LONG */, (m) => m.push(wholeNumber(m.line().replace(/L$/, '')))],
  [0x8a /* LONG1 */, (m) => m.push(m.integer(m.uint8()))],
  [0x8b /* LONG4 */, (m) => m.push(m.integer(m.uint32()))],
  [0x46 /* FLOAT */, (m) => m.push(decimal(m.line()))],
  [0x47 /* BINFLOAT */, (m) => m.push(m.float64())],
  [0x53 /* STRING */, (m) => m.push(quotedText(m.line()))],
  [0x56 /* UNICODE */, (m) => m.push(escapedText(m.line()))],
  // Python 2's str, which PyTorch's old files use for names.
  [0x54 /* BINSTRING */, (m) => m.push(m.text(m.uint32()))],
  [0x55 /* SHORT_BINSTRING */, (m) => m.push(m.text(m.uint8()))],
  [0x58 /* BINUNICODE */, (m) => m.push(m.text(m.uint32()))],
  [0x8c /* SHORT_BINUNICODE */, (m) => m.push(m.text(m.uint8()))],
  [0x8d /* BINUNICODE8 */, (m) => m.push(m.text(m.uint64()))],
  [0x42 /* BINBYTES */, (m) => m.push(m.bytes(m.uint32()))],
  [0x43 /* SHORT_BINBYTES */, (m) => m.push(m.bytes(m.uint8()))],
  [0x8e /* BINBYTES8 */, (m) => m.push(m.bytes(m.uint64()))],
  [0x96 /* BYTEARRAY8 */, (m) => m.push(m.bytes(m.uint64()))],
  [0x5d /* EMPTY_LIST */, (m) => m.push([])],
  [0x6c /* LIST */, (m) => m.push(m.popToMark())],
  [0x61 /* APPEND */, (m) => m.append([m.pop()])],
  [0x65 /* APPENDS */, (m) => m.append(m.popToMark())],
  [0x29 /* EMPTY_TUPLE */, (m) => m.push([])],
  [0x74 /* TUPLE */, (m) => m.push(m.popToMark())],
  [0x85 /* TUPLE1 */, (m) => m.popTuple(1)],
  [0x86 /* TUPLE2 */, (m) => m.popTuple(2)],
  [0x87 /* TUPLE3 */, (m) => m.popTuple(3)],
  [
    0x7d /* EMPTY_DICT */,
    (m) => {
      m.count(4);
      m.push(new Map());
    },
  ],
  [
    0x64 /* DICT */,
    (m) => {
      const items = m.popToMark();
      m.push(new Map());
      m.setItems(items);
    },
  ],
  [0x73 /* SETITEM */, (m) => m.setItems([m.pop(), m.pop()].reverse())],
  [0x75 /* SETITEMS */, (m) => m.setItems(m.popToMark())],
  [
    0x8f /* EMPTY_SET */,
    (m) => {
      m.count(4);
      m.push(new Set());
    },
  ],
  [
    0x91 /* FROZENSET */,
    (m) => {
      m.count(4);
      m.push(new Set(m.popToMark()));
    },
  ],
  [0x90 /* ADDITEMS */, (m) => m.addItems(m.popToMark())],
  [0x70 /* PUT */, (m) => m.remember(decimal(m.line()))],
  [0x71 /* BINPUT */, (m) => m.remember(m.uint8())],
  [0x72 /* LONG_BINPUT */, (m) => m.remember(m.uint32())],
  [0x94 /* MEMOIZE */, (m) => m.memoize()],
  [0x67 /* GET */, (m) => m.recall(decimal(m.line()))],
  [0x68 /* BINGET */, (m) => m.recall(m.uint8())],
  [0x6a /* LONG_BINGET */, (m) => m.recall(m.uint32())],
  [0x63 /* GLOBAL */, (m) => m.global(m.line(), m.line())],
  [
    0x93 /* STACK_GLOBAL */,
    (m) => {
      const name = m.pop();
      m.global(m.pop(), name);
    },
  ],
  [0x52 /* REDUCE */, (m) => m.call()],
  [0x81 /* NEWOBJ */, (m) => m.call()],
  [0x92 /* NEWOBJ_EX */, (m) => m.callByName()],
  [0x6f /* OBJ */, (m) => m.object()],
  [0x69 /* INST */, (m) => m.instance()],
  [0x62 /* BUILD */, (m) => m.build()],
  [0x50 /* PERSID */, (m) => m.persistentId(m.line())],
  [0x51 /* BINPERSID */, (m) => m.persistentId(m.pop())],
]);

function checkProtocol(version: number): void {
  if (version > 5) throw new RangeError(`pickle: protocol ${version} is unknown, expected at most 5`);
}

/** Protocol 0 writes booleans as the integers 01 and 00. */
function textInteger(line: string): number | boolean {
  return line === '01' ? true : line === '00' ? false : decimal(line);
}

/** LONG's decimal digits. */
function wholeNumber(text: string): number | bigint {
  // As many as the other integers may have; converting more takes quadratic time.
  if (!/^-?\d{1,2500}$/.test(text)) throw new TypeError(`pickle: '${text.slice(0, 40)}' is no integer`);
  const value = BigInt(text);
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Protocol 0's str: Python's source of a literal. */
function quotedText(line: string): string {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || !line.endsWith(quote))
    throw new TypeError('pickle: a text without quotes');
  return line.slice(1, -1).replaceAll(/\\(x[0-9a-f]{2}|.)/g, (_, code: string) => {
    if (code.length === 3) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { n: '\n', r: '\r', t: '\t' }[code] ?? code;
  });
}

/** Protocol 0's unicode: \uXXXX for what does not fit a line. */
function escapedText(line: string): string {
  return line.replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
