/** Which graphics hardware there is, found without loading a driver. */
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Graphics hardware, as far as it is seen without a driver. */
export interface GpuHardware {
  /** Names of GPUs, as far as the system tells them. */
  readonly names: readonly string[];
  readonly nvidia: boolean;
  /** The NVIDIA driver's version, where there is one. */
  readonly nvidiaDriver: string | null;
  /** Device files that this process may not open. */
  readonly forbidden: readonly string[];
  /** Vulkan drivers' description files; null on systems without Vulkan. */
  readonly vulkanDrivers: readonly string[] | null;
}

function list(folder: string, pattern: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => pattern.test(name))
      .map((name) => join(folder, name))
      .toSorted();
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function mayOpen(device: string): boolean {
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const vendors: Readonly<Record<string, string>> = {
  '0x1002': 'AMD',
  '0x10de': 'NVIDIA',
  '0x8086': 'Intel',
  '0x1414': 'Microsoft',
  '0x1af4': 'virtio',
};

function nameOfRenderNode(root: string, node: string): string {
  const device = join(root, 'sys/class/drm', basename(node), 'device');
  const vendor = read(join(device, 'vendor'));
  return `${vendors[vendor] ?? 'unknown'} GPU ${vendor}:${read(join(device, 'device'))}`;
}

/** Drivers that compute on the processor. */
const software = /lvp|lavapipe|swiftshader|llvmpipe/i;

function vulkanDrivers(root: string): string[] {
  const chosen = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  if (chosen) return chosen.split(':');
  return ['usr/share/vulkan/icd.d', 'etc/vulkan/icd.d', 'usr/local/share/vulkan/icd.d'].flatMap((folder) =>
    list(join(root, folder), /\.json$/),
  );
}

/**
 * Looks for GPUs. On macOS every machine has one that Metal knows, on Windows Direct3D finds it; there only names are missing.
 * @param root where `dev`, `proc`, `sys`, `usr` and `etc` are
 */
export function gpuHardware(root = '/'): GpuHardware {
  if (process.platform !== 'linux')
    return {
      names: process.platform === 'darwin' ? ['Metal GPU'] : ['Direct3D 12 GPU'],
      nvidia: process.platform === 'win32',
      nvidiaDriver: null,
      forbidden: [],
      vulkanDrivers: null,
    };
  const renderNodes = list(join(root, 'dev/dri'), /^renderD\d+$/);
  const nvidiaNodes = list(join(root, 'dev'), /^nvidia\d+$/);
  const windows = list(join(root, 'dev'), /^dxg$/);
  const models = list(join(root, 'proc/driver/nvidia/gpus'), /./).map(
    (folder) => /^Model:\s*(.*)$/m.exec(read(join(folder, 'information')))?.[1] ?? 'NVIDIA GPU',
  );
  const others = renderNodes
    .map((node) => nameOfRenderNode(root, node))
    .filter((name) => models.length === 0 || !name.startsWith('NVIDIA'));
  return {
    names: [
      ...(models.length > 0 ? models : nvidiaNodes.map(() => 'NVIDIA GPU')),
      ...others,
      ...windows.map(() => "Windows' GPU"),
    ],
    nvidia: nvidiaNodes.length > 0 || windows.length > 0,
    nvidiaDriver: /Module\s+([\d.]+)/.exec(read(join(root, 'proc/driver/nvidia/version')))?.[1] ?? null,
    forbidden: [...renderNodes, ...nvidiaNodes].filter((node) => !mayOpen(node)),
    vulkanDrivers: vulkanDrivers(root),
  };
}

/** True where a Vulkan driver for hardware is installed; other systems bring theirs. */
export function hasHardwareDriver({ vulkanDrivers: drivers }: GpuHardware): boolean {
  return drivers === null || drivers.some((driver) => !software.test(basename(driver)));
}
