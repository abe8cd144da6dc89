/**
 * What bundlers for browsers find instead of this package (the condition "browser" of its exports). It exports nothing, so they
 * stop at the import and name this file; whoever imports it all the same, gets to know why.
 */
throw new Error(
  '@cnnzoo/data reads files and starts threads, so it runs in Node only. In a browser, @cnnzoo/transforms prepares pictures and @cnnzoo/train takes any object with `batchesPerEpoch` and `epoch`.',
);

export {};
