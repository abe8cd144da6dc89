/** The engines of `@cnnzoo/backend-onnx`: onnxruntime on each of its devices. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { findPackage } from '../find-package.js';
import { type GpuHardware, hasHardwareDriver } from '../gpu-hardware.js';
import { loadOnce } from '../tfjs-registry.js';
import type { Engine, Obstacle, Surroundings } from './engine.js';

const require = createRequire(import.meta.url);

type Device = 'cuda' | 'webgpu' | 'cpu' | 'coreml' | 'dml';

export function processorName(threads: number): string {
  const model = cpus()[0]?.model.trim() || process.arch;
  return `${model}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}

/** The first GPU that is NVIDIA's, or the first. */
export function gpuName({ names, nvidia }: GpuHardware): string {
  const name = nvidia ? names.find((each) => !/^(AMD|Intel|virtio|unknown)/.test(each)) : names[0];
  return name ?? 'a software driver';
}

/** Engines for NVIDIA's GPUs only, where there is none. */
export const noNvidiaGpu: Obstacle = {
  reason: 'no NVIDIA GPU: there is no /dev/nvidia0',
  remedy: 'in a container, pass the GPU in: docker run --gpus all',
};

function folderOfOnnxruntime(folders: readonly string[]): string | null {
  const backend = findPackage('@cnnzoo/backend-onnx', folders);
  return backend === null ? null : (findPackage('onnxruntime-node', [backend.folder])?.folder ?? null);
}

function noCuda({ folders, gpu }: Surroundings): Obstacle | null {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { reason: 'onnxruntime-node has CUDA on Linux x64 only', remedy: 'use another engine' };
  if (!gpu.nvidia) return noNvidiaGpu;
  const runtime = folderOfOnnxruntime(folders);
  const provider =
    runtime && join(runtime, 'bin/napi-v6', process.platform, process.arch, 'libonnxruntime_providers_cuda.so');
  if (provider === null || !existsSync(provider))
    return {
      reason: "onnxruntime's CUDA libraries are not installed",
      remedy:
        'npm rebuild onnxruntime-node --onnxruntime-node-install=cuda12 (they come from NuGet); CUDA 12 and cuDNN 9 must be installed',
    };
  return null;
}

function noWebgpu({ gpu, requested }: Surroundings): Obstacle | null {
  if (process.platform === 'linux' && process.arch !== 'x64')
    return { reason: 'onnxruntime-node has WebGPU on Linux x64 only', remedy: 'use another engine' };
  if (requested) return null;
  if (gpu.names.length === 0)
    return {
      reason: 'no GPU: neither /dev/dri/renderD* nor /dev/nvidia* nor /dev/dxg',
      remedy: 'in a container, pass the GPU in: docker run --device /dev/dri, or --gpus all',
    };
  if (gpu.forbidden.length > 0 && gpu.forbidden.length >= gpu.names.length)
    return {
      reason: `no permission to open ${gpu.forbidden.join(', ')}`,
      remedy: 'add the user to the group of these files: sudo usermod -aG render,video $USER, and log in again',
    };
  if (!hasHardwareDriver(gpu))
    return {
      reason: "there is no Vulkan driver for the GPU; software drivers are used only when asked for by 'onnx-webgpu'",
      remedy:
        "install the GPU's Vulkan driver: mesa-vulkan-drivers for AMD and Intel, NVIDIA's own driver with libGL, and libvulkan1",
    };
  return null;
}

function only(platform: NodeJS.Platform, what: string): Obstacle | null {
  return process.platform === platform
    ? null
    : { reason: `${what} is not for ${process.platform}`, remedy: 'use another engine' };
}

const devices: Readonly<
  Record<Device, { obstacle: (surroundings: Surroundings) => Obstacle | null; readonly remedy: string }>
> = {
  cuda: {
    obstacle: noCuda,
    remedy: 'install CUDA 12 and cuDNN 9, with their libraries in LD_LIBRARY_PATH: see docs/hardware.md',
  },
  webgpu: {
    obstacle: noWebgpu,
    remedy: "on Linux install libvulkan1 and the GPU's Vulkan driver, and look at what vulkaninfo --summary says",
  },
  cpu: {
    obstacle: () => null,
    remedy:
      'onnxruntime-node runs on Linux with glibc (not Alpine), macOS and Windows; npm install again on this machine if node_modules came from another one',
  },
  coreml: { obstacle: () => only('darwin', 'Core ML'), remedy: 'Core ML needs macOS 12 or later' },
  dml: { obstacle: () => only('win32', 'DirectML'), remedy: 'DirectML needs Windows 10 1903 or later' },
};

export function onnxEngine(device: Device): Engine {
  const name = `onnx-${device}` as const;
  return {
    name,
    backend: 'onnx',
    packageName: '@cnnzoo/backend-onnx',
    isolated: device !== 'cpu',
    ...devices[device],
    load: ({ threads }, { folders }) =>
      loadOnce('onnx', name, async () => {
        // By itself before the ES modules that import it: where a CommonJS module throws that an ES module imports, as this one does
        // when its addon is for another system, Node 20 ends the process, although the import below is caught.
        const runtime = folderOfOnnxruntime(folders);
        if (runtime !== null) require(join(runtime, 'dist/binding.js'));
        const { registerOnnxBackend } = await import('@cnnzoo/backend-onnx');
        registerOnnxBackend({ device: device as 'cpu', threads });
      }),
    device: ({ threads }, { gpu }) => (device === 'cpu' ? processorName(threads) : gpuName(gpu)),
  };
}
