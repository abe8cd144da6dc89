/** The packages that work in Node and in a page, each under its name: one import has everything. */
export * as blocks from '@cnnzoo/blocks';
export * as evaluate from '@cnnzoo/evaluate';
export * as losses from '@cnnzoo/losses';
export * as shape from '@cnnzoo/shape';
export * as train from '@cnnzoo/train';
export * as transforms from '@cnnzoo/transforms';
export * as weights from '@cnnzoo/weights';
