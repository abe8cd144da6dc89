/** Throws unless something holds. */
export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`chaos found: ${what}`);
}

/** What must be there after this many milliseconds: nothing hangs. */
export const patience = 20_000;

/** @throws Error where a promise is not settled in time */
export async function inTime<T>(what: string, promise: Promise<T>, milliseconds = patience): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`chaos found: ${what} hangs (${milliseconds} ms)`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
