/** A variable of the environment, where there is one and it is not empty. */
export function environment(name: string): string | undefined {
  return (typeof process === 'undefined' ? undefined : process.env[name]) || undefined;
}
