import type { EngineName } from '../engine-name.js';
import { cpuEngine } from './cpu-engine.js';
import type { Engine } from './engine.js';
import { onnxEngine } from './onnx-engine.js';
import { tensorflowEngine } from './tensorflow-engine.js';
import { wasmEngine } from './wasm-engine.js';

export const engines: Readonly<Record<EngineName, Engine>> = {
  'tfjs-node-gpu': tensorflowEngine('tfjs-node-gpu'),
  'onnx-cuda': onnxEngine('cuda'),
  'onnx-webgpu': onnxEngine('webgpu'),
  'onnx-cpu': onnxEngine('cpu'),
  'tfjs-node': tensorflowEngine('tfjs-node'),
  wasm: wasmEngine,
  cpu: cpuEngine,
  'onnx-coreml': onnxEngine('coreml'),
  'onnx-dml': onnxEngine('dml'),
};
