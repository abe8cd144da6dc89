/**
 * A restricted unpickler. Python's pickle is a program for a small stack machine that can call anything Python can import;
 * this machine knows plain values and calls nothing but the functions that its caller lists, which are JavaScript.
 */

/** The only globals a pickle may name, as 'module name', and what a call of each gives. */
export type PickleGlobals = Readonly<Record<string, (args: readonly unknown[]) => unknown>>;

/** A global that a pickle named. It can be called or be an argument, as the class of a storage is. */
export class PickleGlobal {
  constructor(
    readonly name: string,
    readonly call: (args: readonly unknown[]) => unknown,
  ) {}
}

export interface PickleRules {
  readonly globals: PickleGlobals;
  /** Resolves a persistent id, which is how PyTorch refers to storages. */
  readonly persistentId: (id: unknown) => unknown;
}

/** Thrown where the bytes end before the pickle does: the caller may have more of them. */
export class PickleEndError extends RangeError {}

/**
 * Runs one pickle.
 * Values: None is null; int is a number, or a bigint beyond 2^53; str is a string; bytes a Uint8Array; list and tuple are
 * arrays; dict and OrderedDict are Maps; set is a Set.
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
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value).slice(0, 80);
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
/** Where MARK stood on the stack. */
const MARK = Symbol('mark');

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
    for (;;) {
      const opcode = this.#byte();
      if (opcode === 0x2e /* STOP */) return { value: this.#pop(), end: this.#position };
      const operation = operations.get(opcode);
      if (operation === undefined)
        throw new TypeError(`pickle: opcode 0x${opcode.toString(16)} at byte ${this.#position - 1} is not allowed`);
      operation(this);
    }
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
    if (value === MARK) throw new TypeError(`pickle: a mark where a value was expected at byte ${this.#position}`);
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
    this.#stack.push(MARK);
  }
  popToMark(): unknown[] {
    const at = this.#stack.lastIndexOf(MARK);
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
    if (!Array.isArray(list)) throw new TypeError('pickle: appends to something that is no list');
    for (const value of values) list.push(value);
  }
  setItems(items: unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw new TypeError('pickle: sets an item of something that is no dict');
    if (items.length % 2 !== 0) throw new TypeError('pickle: a key without a value');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i], items[i + 1]);
  }
  addItems(values: unknown[]): void {
    const set = this.top();
    if (!(set instanceof Set)) throw new TypeError('pickle: adds to something that is no set');
    for (const value of values) set.add(value);
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string')
      throw new TypeError(`pickle: a global named by ${shown(module)} and ${shown(name)}`);
    const path = `${module} ${name}`;
    const { globals } = this.#rules;
    const call = Object.hasOwn(globals, path) ? globals[path] : undefined;
    if (call === undefined)
      throw new TypeError(
        `pickle: refuses the global '${module}.${name}': only tensors, dicts, lists, numbers and texts are read`,
      );
    this.push(new PickleGlobal(path, call));
  }
  /** REDUCE, NEWOBJ: calls a global with a tuple of arguments. */
  call(): void {
    const args = this.#pop();
    const callable = this.#pop();
    if (!(callable instanceof PickleGlobal) || !Array.isArray(args))
      throw new TypeError('pickle: calls something that is no global');
    this.push(callable.call(args));
  }
  /** BUILD: attributes of an object. Only an OrderedDict may have some (PyTorch's _metadata); they are dropped. */
  build(): void {
    this.#pop();
    if (!(this.top() instanceof Map)) throw new TypeError('pickle: sets attributes of something that is no dict');
  }
  persistentId(id: unknown): void {
    this.push(this.#rules.persistentId(id));
  }
}

/** A little-endian two's complement integer of any length. */
function longInteger(bytes: Uint8Array): number | bigint {
  // 8192 bits: nothing in a file of weights needs more, and converting them takes quadratic time.
  if (bytes.length > 1024) throw new RangeError(`pickle: an integer of ${bytes.length} bytes`);
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
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
  [0x4c /* LONG */, (m) => m.push(decimal(m.line().replace(/L$/, '')))],
  [0x8a /* LONG1 */, (m) => m.push(longInteger(m.bytes(m.uint8())))],
  [0x8b /* LONG4 */, (m) => m.push(longInteger(m.bytes(m.uint32())))],
  [0x46 /* FLOAT */, (m) => m.push(decimal(m.line()))],
  [0x47 /* BINFLOAT */, (m) => m.push(m.float64())],
  // Python 2's str, which PyTorch's old files use for names.
  [0x54 /* BINSTRING */, (m) => m.push(m.text(m.uint32()))],
  [0x55 /* SHORT_BINSTRING */, (m) => m.push(m.text(m.uint8()))],
  [0x58 /* BINUNICODE */, (m) => m.push(m.text(m.uint32()))],
  [0x8c /* SHORT_BINUNICODE */, (m) => m.push(m.text(m.uint8()))],
  [0x8d /* BINUNICODE8 */, (m) => m.push(m.text(m.uint64()))],
  [0x42 /* BINBYTES */, (m) => m.push(m.bytes(m.uint32()))],
  [0x43 /* SHORT_BINBYTES */, (m) => m.push(m.bytes(m.uint8()))],
  [0x8e /* BINBYTES8 */, (m) => m.push(m.bytes(m.uint64()))],
  [0x5d /* EMPTY_LIST */, (m) => m.push([])],
  [0x6c /* LIST */, (m) => m.push(m.popToMark())],
  [0x61 /* APPEND */, (m) => m.append([m.pop()])],
  [0x65 /* APPENDS */, (m) => m.append(m.popToMark())],
  [0x29 /* EMPTY_TUPLE */, (m) => m.push([])],
  [0x74 /* TUPLE */, (m) => m.push(m.popToMark())],
  [0x85 /* TUPLE1 */, (m) => m.popTuple(1)],
  [0x86 /* TUPLE2 */, (m) => m.popTuple(2)],
  [0x87 /* TUPLE3 */, (m) => m.popTuple(3)],
  [0x7d /* EMPTY_DICT */, (m) => m.push(new Map())],
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
  [0x8f /* EMPTY_SET */, (m) => m.push(new Set())],
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
  [0x62 /* BUILD */, (m) => m.build()],
  [0x51 /* BINPERSID */, (m) => m.persistentId(m.pop())],
]);

function checkProtocol(version: number): void {
  if (version > 5) throw new RangeError(`pickle: protocol ${version} is unknown, expected at most 5`);
}

/** Protocol 0 writes booleans as the integers 01 and 00. */
function textInteger(line: string): number | boolean {
  return line === '01' ? true : line === '00' ? false : decimal(line);
}
