import { expect, it } from 'vitest';
import { devices, deviceTraits, missingDevice } from './device.js';

const fault =
  '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const ' +
  'onnxruntime::webgpu::WebGpuContextConfig&)::<lambda()> adapter_result.status == wgpu::RequestAdapterStatus::Success was false. ' +
  'Failed to get a WebGPU adapter: No supported adapters\n';

it.each([
  [
    'webgpu',
    'linux',
    /gave: Failed to get a WebGPU adapter: No supported adapters\. What to do: .*libvulkan1.*software/,
  ],
  ['webgpu', 'win32', /Direct3D 12 driver\.$/],
  ['webgpu', 'darwin', /Metal/],
  ['cuda', 'linux', /CUDA 12 and cuDNN 9.*ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node/],
  ['coreml', 'darwin', /macOS/],
  ['dml', 'win32', /Direct3D 12/],
] as const)('says what %s needs on %s', (device, platform, remedy) => {
  const error = missingDevice(device, new Error(fault), ['cpu', device], { platform, arch: 'x64' });
  expect(error.message).toMatch(remedy);
  expect(error.message).toContain(`the device '${device}'`);
});

it('says where a device exists that this platform does not have', () => {
  const error = missingDevice('coreml', new Error("'coreml' is unsupported."), ['cpu', 'webgpu', 'tensorrt'], {
    platform: 'linux',
    arch: 'x64',
  });
  expect(error.message).toBe(
    "backend onnx: the device 'coreml' (Apple's Core ML) cannot be used. Tried: a graph of one addition on it, which gave: " +
      "'coreml' is unsupported. What to do: onnxruntime-node has it for darwin/arm64; for linux/x64 it has cpu, webgpu.",
  );
});

it('knows what every device needs wherever it exists', () => {
  for (const device of devices.filter((name) => name !== 'cpu'))
    for (const platform of deviceTraits[device].platforms)
      expect(deviceTraits[device].remedies[platform.split('/')[0] as NodeJS.Platform]).toBeDefined();
});
