/**
 * The entry of the bundle: tfjs-core with its published specs and the backend under test, so that all of them share one copy of
 * tfjs-core. The environment variables CONFORMANCE_BACKEND and CONFORMANCE_DEVICE say which backend, and where it computes.
 */
import '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-backend-cpu';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { type OnnxBackendOptions, registerOnnxBackend } from '../src/index.js';

const backendName = process.env['CONFORMANCE_BACKEND'] ?? 'onnx';
if (backendName === 'onnx') registerOnnxBackend({ device: process.env['CONFORMANCE_DEVICE'] } as OnnxBackendOptions);
setTestEnvs([{ name: backendName, backendName, flags: {}, isDataSync: true }]);
// The specs register themselves when they are loaded, for the environments that are set by then.
await import('@tensorflow/tfjs-core/dist/tests.js');
