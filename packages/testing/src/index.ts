export { goldenInput, goldenWeight, uniform } from './golden-numbers.js';
export { sharedFile } from './shared-folder.js';
