export { lenetBook } from './lenet-book.js';
export { lenet5 } from './lenet5.js';
