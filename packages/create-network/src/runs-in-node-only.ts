/**
 * Bundlers for browsers find this file instead of the package (the condition "browser" of its exports). It exports nothing of the
 * package, so they stop at the import and name this file. Importing it anyway throws an error that explains why.
 */

/** An export makes this an ES module for bundlers that decide by the text: from CommonJS they would accept any import. */
export const runsInNodeOnly = true;

throw new Error('@cnnzoo/create-network writes a folder of files, so it works in Node only.');
