export { addressOf, shownAddress } from './address.js';
export { type Budget, type ReadLimits, readBudget } from './budget.js';
export { fromFloat16, toFloat16, weightsAsFloat16 } from './float16.js';
export { type Hasher, hasher } from './hasher.js';
export { inflate } from './inflate.js';
export { isRecord, parseJson } from './json.js';
export { nodeModule, runsInNode } from './node-module.js';
export { type RemoteFile, type RemoteOptions, remoteFile } from './remote-file.js';
export { isSource, type OpenSource, openSource, type ReadableSource, type Source, within } from './source.js';
export { syncFolder, type WriteContent, writeAtomically, writeDurably, writeFilesAtomically } from './write.js';
export {
  readZipDirectory,
  readZipEntry,
  type ZipEntry,
  zipEntriesByName,
  zipEntryStart,
} from './zip.js';
