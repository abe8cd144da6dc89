import type { Budget } from './budget.js';

/** Whether a value of JSON is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const quote = 0x22;
const backslash = 0x5c;

/**
 * Parses JSON of a stranger: values and depth are counted before anything is made of them.
 * @param what for messages, such as 'model.json'
 * @param unique true: a name that an object has twice is an error, where JSON.parse takes the last in silence
 * @throws TypeError for what is not JSON, RangeError beyond the budget
 */
export function parseJson(bytes: Uint8Array, what: string, budget: Budget, unique = false): unknown {
  scan(bytes, budget);
  let text: string;
  try {
    // Copied, because memory that is shared between threads cannot be decoded.
    const unshared = bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(unshared);
  } catch (cause) {
    throw new TypeError(`${what} is not JSON: it is not UTF-8`, { cause });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`${what} is not JSON: ${(cause as Error).message.slice(0, 200)}`, { cause });
  }
  if (unique) refuseDuplicates(text, what);
  return value;
}

/** Each value but the first of a list or object comes after a comma, so brackets and commas outside of texts are enough. */
function scan(bytes: Uint8Array, budget: Budget): void {
  let depth = 0;
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      at = endOfText(bytes, at);
    } else if (byte === 0x7b || byte === 0x5b) {
      budget.depth(++depth);
      values += 2;
    } else if (byte === 0x7d || byte === 0x5d) {
      depth--;
    } else if (byte === 0x2c) {
      values++;
    }
    if (values >= 1024) {
      budget.values(values);
      values = 0;
    }
  }
  budget.values(values);
}

function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

/** @param text known to be valid JSON */
function refuseDuplicates(text: string, what: string): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{') open.push(new Set());
    else if (character === '}') open.pop();
    if (character !== '"') continue;
    const start = at;
    for (at++; text[at] !== '"'; at++) if (text[at] === '\\') at++;
    let after = at + 1;
    while (' \t\r\n'.includes(text[after] ?? 'end')) after++;
    if (text[after] !== ':') continue;
    // Escapes are spelled out, so that "a" and "\u0061" are seen to be the same name.
    const name = text.slice(start, at + 1);
    const key = name.includes('\\') ? String(JSON.parse(name)) : name.slice(1, -1);
    const names = open.at(-1);
    if (names?.has(key)) throw new TypeError(`${what} has '${key.slice(0, 200)}' twice`);
    names?.add(key);
  }
}
