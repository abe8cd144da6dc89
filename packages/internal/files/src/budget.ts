/**
 * What reading one file may take. A file of a few bytes can ask for any amount of memory and time; so everything that it asks for is
 * counted, over the whole file and before it is allocated, and may not be far more than an honest file of its size needs.
 */

/** The most that reading one file may take. Default: by the file's size. */
export interface ReadLimits {
  /** Bytes of values, unpacked and widened, of the whole file. Default: 32 MiB and 4 times the file. */
  readonly memory?: number;
  /** Values, names and structures that describe the file: of a pickle, of JSON, of HDF5. Default: 262,144 and one for each 64 bytes of the file, at most 2,359,296. */
  readonly values?: number;
  /** How deep lists, dicts and groups may lie in each other. Default: 100. */
  readonly depth?: number;
  /** Files of an archive, tensors, chunks. Default: 131,072 and one for each 1,024 bytes of the file. */
  readonly entries?: number;
  /** Seconds for reading the file's structure. Default: 60, and one for each MiB of the file. */
  readonly time?: number;
  /** Seconds that an address may send nothing. Default: 30. */
  readonly stall?: number;
}

/** What is left of the limits. Each method counts what is about to be done, and throws a RangeError where it is too much. */
export interface Budget {
  memory(bytes: number, what: string): void;
  values(count: number): void;
  entries(count: number): void;
  depth(level: number): void;
}

const kinds = ['memory', 'values', 'depth', 'entries', 'time'] as const;
const MiB = 2 ** 20;
/** How many values pass between two looks at the clock. */
const betweenLooks = 4096;

/**
 * @param file for messages: its path or what else it is called
 * @param size of the file in bytes
 */
export function readBudget(file: string, size: number, limits: ReadLimits = {}): Budget {
  const limit = {
    memory: 32 * MiB + 4 * size,
    values: 2 ** 18 + Math.min(Math.floor(size / 64), 2 ** 21),
    depth: 100,
    entries: 2 ** 17 + Math.floor(size / 1024),
    time: 60 + size / MiB,
  };
  for (const kind of kinds) {
    const given = limits[kind];
    if (given === undefined) continue;
    if (typeof given !== 'number') throw new TypeError(`limits.${kind} must be a number, got ${String(given)}`);
    if (!(given >= 0)) throw new RangeError(`limits.${kind} must be a number of at least 0, got ${given}`);
    limit[kind] = given;
  }
  const start = performance.now();
  const used = { memory: 0, values: 0, entries: 0 };
  let nextLook = betweenLooks;

  const refuse = (kind: (typeof kinds)[number], asked: string): never => {
    throw new RangeError(
      `${file}: ${asked}, more than the ${limit[kind]} that a file of ${size} bytes may take; for a file that you trust, raise limits.${kind}`,
    );
  };
  return {
    memory(bytes, what) {
      used.memory += bytes;
      if (!(used.memory <= limit.memory)) refuse('memory', `with ${what} it takes ${used.memory} bytes of memory`);
    },
    values(count) {
      used.values += count;
      if (!(used.values <= limit.values)) refuse('values', `it describes ${used.values} values or more`);
      if (used.values < nextLook) return;
      nextLook = used.values + betweenLooks;
      const seconds = (performance.now() - start) / 1000;
      if (seconds > limit.time) refuse('time', `reading it has taken ${seconds.toFixed(1)} s`);
    },
    entries(count) {
      used.entries += count;
      if (!(used.entries <= limit.entries)) refuse('entries', `it has ${used.entries} entries or more`);
    },
    depth(level) {
      if (level > limit.depth) refuse('depth', `its values lie ${level} deep in each other`);
    },
  };
}
