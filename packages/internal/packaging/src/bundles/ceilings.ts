/** What a family of networks may have that has no row below. */
const familyCeiling = 3;

/** The ceiling of an entry, in kilobytes. */
export const ceilingOf = (specifier: string): number => ceilings[specifier] ?? familyCeiling;

/**
 * Kilobytes (1000 bytes) that a package's own code may have, minified and gzipped, without what it depends on: one row for
 * everything an entry exports. Code that no longer fits is made smaller: the ceiling is part of what the package promises.
 */
// biome-ignore format: reads as a table
export const ceilings: Readonly<Record<string, number>> = {
  '@cnnzoo/shape':            15,
  // 5 before it checked that a summary is one.
  '@cnnzoo/shape/draw':        5.5,
  '@cnnzoo/shape/words':       3,
  '@cnnzoo/losses':            4,
  // 20 before it carried its kernels in WebAssembly, which are 3.5.
  // 24.5 before contrast normalization and ZCA.
  // 25.2 before flips were computed in WebAssembly, and results went where the caller wants them.
  '@cnnzoo/transforms':       25.5,
  // 15 and 10 before maxout, PReLU, highway gates, spatial pyramid pooling, squeeze-and-excitation and mlpconv.
  '@cnnzoo/blocks':           17,
  '@cnnzoo/blocks/register':  11,
  '@cnnzoo/lenet':             1,
  // 2 before ZFNet and the PReLU networks.
  '@cnnzoo/alexnet':           2.5,
  '@cnnzoo/vgg':               2.5,
  '@cnnzoo/googlenet':         2,
  // 6 before the networks with squeeze-and-excitation.
  '@cnnzoo/resnet':            7,
  '@cnnzoo/inception':         3,
  // Five families.
  '@cnnzoo/cifar-networks':    3.6,
  // 36 before it read the checkpoints that people have, bytes from anywhere within budgets, and checked its options; 45 before indices, sizes and
  // names were as strict as safetensors' own reader, 46 before a page had a cache of downloads, and HDF5's big-endian numbers, lzf and data sets that
  // can grow were read.
  // 49 before the hub's repositories were read and written, 50 before connections that close were read without a pause, 51.5 before pages read those
  // repositories and the cache named them, 53 before half floats were written.
  '@cnnzoo/weights':          53.4,
  '@cnnzoo/weights/imagenet': 10,
  // 14 and 3 before it decoded BMP, PPM and GIF's first frame, read zip archives by code of its own instead of a dependency's, took bytes from
  // anywhere within budgets, and checked its options; 25 and 8 before it checked a PNG's chunks as Pillow does,
  // 25.5 and 8.1 before it did so with a JPEG's markers, and read PNGs whose pixels lack their frame.
  // 27 before it read addresses in ranges, and read and wrote shards: webdataset's tars and Parquet.
  // 40 and 9.5 before workers could be processes, 40.5 before one that cannot be started failed its own requests only.
  // 40.6 and 10 before small JPEG and PNG files were decoded without libvips.
  // 41.4 before libjpeg-turbo was a part of it, 36 kB of WebAssembly instead of a dependency of 2.7 MB.
  '@cnnzoo/data':             78,
  // 10.7 before sharp was imported once for all images, 10.8 before libjpeg-turbo was a part of it.
  '@cnnzoo/data/worker':      47.3,
  // 18 before checkpoint folders had an owner and were checked as a whole, and resuming compared runs; 21 before it warned of mistakes, 23 before
  // the progress bar and the search of a learning rate.
  // 26 before MLflow and trackio were told, 27 before their arguments were checked.
  // 27.5 before schedules, listeners and optimizers checked what their functions are called with.
  // 28.5 before LSUV, distillation, hints and the recipes of ten more papers, which are half of what was added.
  // 32 before batches were split into parts that are computed at the same time.
  '@cnnzoo/train':            33.2,
  // 16 before reports were checked field by field, and arguments; 18 before reports had hashes and were verified, and features were extracted.
  '@cnnzoo/evaluate':         22.5,
  // 45 before failed steps changed nothing, and graph models were frozen and exported; 50 before what a graph model says of itself was checked;
  // 50.5 before functions of variables, such as training steps, were exported; 52.5 before groups of a convolution counted as one operation; 53 before workers could be
  // processes; 53.5 before quantized networks were frozen, values inside graphs were read, and sums of 8-bit products were tried.
  // 55 before training steps could compute activations again, 56.5 before files had weights of two bytes, 57 before channels were scaled by convolutions, and
  // blocks filled up; 57.5 before forms of convolutions were measured, 62 before files of 8-bit weights were warned of;
  // 62.4 before filter gradients had images in blocks, and what is tuned could be asked for; 63 before 2x2 poolings' gradients compared rows,
  // and training steps named the optimizers of onnxruntime that they do without; 63.9 before overlapping 3x3 poolings' gradients compared lines in blocks;
  // 65.2 before threads computed parts of training steps.
  '@cnnzoo/backend-onnx':     68,
  // 5 before it could be a process.
  '@cnnzoo/backend-onnx/inference-worker': 5.5,
  // A runtime and no tfjs, as the other.
  '@cnnzoo/backend-onnx/replica-worker': 4.8,
  // 12 before options and reports were checked by the shared rules.
  '@cnnzoo/handover':         16,
  // 16 before layers were compared, left in float and drawn, and networks trained with rounded numbers; 18 before layers were equalized
  // and biases corrected, 20 before a kernel in WebAssembly counted values in bins, and
  // calibrations that take hours were refused.
  '@cnnzoo/quantize':         21.7,
  // 16 before a worker that cannot be started failed its own requests only, 16.2 before the estimate of an answer's time had a margin and workers'
  // memory was among the figures.
  '@cnnzoo/serve':            16.6,
  // 13 before doctor said how 8-bit products are added, 13.3 before it said what is tuned.
  '@cnnzoo/backend-node':     13.5,
  '@cnnzoo/backend-node/auto': 13,
  '@cnnzoo/backend-node/probe-process': 13,
  // 10 before fineTune, loadClassifier and classify. The command line is no part of it.
  // 12 before the hub and ONNX files.
  // 16.5 before shards were among labelled images.
  // 17.2 before shards were computed and merged, in Node alone.
  // 21 before one reader of ONNX read everything that is in a model, 21.2 before the networks of the lecture's other tables, 21.7 before files of
  // 8-bit weights were warned of, 21.9 before the weights of ONNX files were those of a network.
  'cnnzoo':                   23.2,
};

/** The same for one export alone, with what it needs of the package: bundlers leave the rest out. */
// biome-ignore format: reads as a table
export const exportCeilings: readonly (readonly [name: string, from: string, kilobytes: number])[] = [
  ['conv2d',         '@cnnzoo/blocks',     4.5],
  // 2 is wanted and was reached (1.84) before options were checked: the checks and their sentences are 0.5 of it.
  ['maxPooling2d',   '@cnnzoo/blocks',     2.25],
  ['dropout',        '@cnnzoo/blocks',     2],
  ['relu',           '@cnnzoo/blocks',     0.35],
  // 3 before unknown options were refused.
  ['convOutputSize', '@cnnzoo/shape',      3.8],
  ['centerCrop',     '@cnnzoo/transforms', 3],
];
