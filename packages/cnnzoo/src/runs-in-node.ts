/** Whether this program runs in Node, with files and threads, and not in a browser. */
export function runsInNode(): boolean {
  return typeof process !== 'undefined' && typeof process.versions?.node === 'string';
}
