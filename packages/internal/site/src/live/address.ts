/** The address after its #, in which a page keeps what the reader has made, so that a link holds it. */

/** Milliseconds without a change after which the address follows. Browsers draw their own window for each new address, ask for the icon again, and Safari refuses a hundred in half a minute. */
const pause = 300;

/** @returns writes fields into the address, until the reader has left */
export function addressWriter(left: AbortSignal): (fields: Readonly<Record<string, string>>) => void {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  left.addEventListener('abort', () => clearTimeout(waiting));
  return (fields) => {
    clearTimeout(waiting);
    waiting = setTimeout(
      () => history.replaceState(history.state, '', `#${new URLSearchParams({ ...fields })}`),
      pause,
    );
  };
}

/** The fields of the address; null where one of them is missing. */
export function fromAddress<Name extends string>(...names: readonly Name[]): Readonly<Record<Name, string>> | null {
  const fields = new URLSearchParams(location.hash.slice(1));
  const found = names.map((name) => [name, fields.get(name)] as const);
  return found.every(([, value]) => value !== null) ? (Object.fromEntries(found) as Record<Name, string>) : null;
}
