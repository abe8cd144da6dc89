/** Throws unless something holds. */
export function expectThat(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`chaos found: ${what}`);
}

/** What must be there after this many milliseconds: nothing hangs. */
export const patience = 20_000;

/** As `inTime`, for what takes long and tells of each step: it hangs where no step comes in time. @param work calls `step` */
export async function whileItMoves<T>(what: string, work: (step: () => void) => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`chaos found: ${what} hangs (no step in ${patience} ms)`)), patience);
  });
  try {
    return await Promise.race([work(() => timer?.refresh()), late]);
  } finally {
    clearTimeout(timer);
  }
}

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
