/**
 * What bundlers for browsers find instead of this package (the condition "browser" of its exports). It exports nothing of it, so they
 * stop at the import and name this file; whoever imports it all the same, gets to know why.
 */
/** Makes this file an ES module also where bundlers decide by its text: from a CommonJS one they would take any import. */
export const runsInNodeOnly = true;

throw new Error(
  '@cnnzoo/backend-onnx runs on onnxruntime-node, so it works in Node only. In a browser, import @tensorflow/tfjs-backend-webgl, -webgpu or -wasm.',
);
