/** The devices on which onnxruntime-node can run graphs, what each lacks, and what to do where one is missing. */
import type { GraphFeature } from '../graph/onnx-graph.js';

export const devices = ['cpu', 'cuda', 'webgpu', 'coreml', 'dml'] as const;
/** Where graphs run. */
export type Device = (typeof devices)[number];

interface DeviceTraits {
  /** How the device is called where it is explained. */
  readonly title: string;
  /** Whether tensors stay in its memory between graphs. */
  readonly keepsTensors: boolean;
  /** What its graphs have to do without. What a device cannot do, onnxruntime does on the processor, and copies to and fro. */
  readonly without: readonly GraphFeature[];
  /** The platforms (`process.platform/process.arch`) for which onnxruntime-node has it. */
  readonly platforms: readonly string[];
  /** What it takes, by `process.platform`. */
  readonly remedies: Readonly<Partial<Record<NodeJS.Platform, string>>>;
}

const cudaRemedy =
  "it needs an NVIDIA GPU with a driver for CUDA 12 (see 'nvidia-smi'), CUDA 12 and cuDNN 9 where the loader finds them (LD_LIBRARY_PATH), and " +
  "the libraries that onnxruntime-node's own install step fetches: 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node' " +
  '(pnpm and yarn run no install steps unless they are allowed to)';

export const deviceTraits: Readonly<Record<Device, DeviceTraits>> = {
  cpu: {
    title: 'the processor',
    keepsTensors: false,
    without: [],
    platforms: ['linux/x64', 'linux/arm64', 'darwin/arm64', 'win32/x64', 'win32/arm64'],
    remedies: {},
  },
  cuda: {
    title: 'NVIDIA GPUs through CUDA',
    keepsTensors: false,
    without: ['blockedConvolution', 'checkedIndices'],
    platforms: ['linux/x64'],
    remedies: { linux: cudaRemedy },
  },
  webgpu: {
    title: 'GPUs through WebGPU',
    keepsTensors: true,
    without: [
      'backwardSlice',
      'blockedConvolution',
      'broadcastBools',
      'checkedIndices',
      'everyConvolution',
      'fusedMatMul',
      'isNaN',
      'localResponseNormalization',
      'negativeAsinh',
      'poolIndices',
      'wideSplit',
    ],
    platforms: ['linux/x64', 'darwin/arm64', 'win32/x64', 'win32/arm64'],
    remedies: {
      linux:
        "it needs a GPU with a Vulkan driver: install libvulkan1 and the driver (mesa-vulkan-drivers for AMD and Intel, NVIDIA's own), and see " +
        "what 'vulkaninfo --summary' of vulkan-tools lists. In a container, /dev/dri has to be passed in. Without a GPU, a software " +
        'driver does for tests: install chromium and set VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json',
      darwin: 'it needs a Mac with Metal, which every Apple processor has',
      win32: 'it needs a GPU with a Direct3D 12 driver',
    },
  },
  coreml: {
    title: "Apple's Core ML",
    keepsTensors: false,
    without: ['blockedConvolution'],
    platforms: ['darwin/arm64'],
    remedies: { darwin: 'it needs macOS 10.15 or later' },
  },
  dml: {
    title: 'GPUs through DirectML',
    keepsTensors: false,
    without: ['blockedConvolution', 'checkedIndices'],
    platforms: ['win32/x64', 'win32/arm64'],
    remedies: { win32: 'it needs Windows 10 (1903) or later and a GPU with a Direct3D 12 driver' },
  },
};

/** What onnxruntime says of a failure, without the place in its source. */
function plainReason(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return message
    .trim()
    .replace(/^\/\S+\.cc:\d+ .* was false\. /s, '')
    .replace(/\.$/, '');
}

/**
 * Why a device cannot be used here, and what to do about it.
 * @param cause what it failed with
 * @param supported names of the devices that this build of onnxruntime-node knows
 */
export function missingDevice(
  device: Device,
  cause: unknown,
  supported: readonly string[],
  { platform, arch }: { platform: NodeJS.Platform; arch: string } = process,
): Error {
  const { title, platforms, remedies } = deviceTraits[device];
  const here = devices.filter((name) => supported.includes(name));
  const remedy = supported.includes(device)
    ? (remedies[platform] ?? '')
    : `onnxruntime-node has it for ${platforms.join(', ')}; for ${platform}/${arch} it has ${here.join(', ')}`;
  return new Error(
    `backend onnx: the device '${device}' (${title}) cannot be used. Tried: a graph of one addition on it, which gave: ` +
      `${plainReason(cause)}. What to do: ${remedy}.`,
    { cause },
  );
}
