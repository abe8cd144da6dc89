/** The software driver for Vulkan with which tests run on WebGPU where there is no GPU: SwiftShader, as Debian's chromium brings it. */
import { existsSync } from 'node:fs';
import { missingDevice } from '../runtime/device.js';
import { onnxruntimeNode, supportedDevices } from '../runtime/onnxruntime-node.js';
import { tryDevice } from '../runtime/try-device.js';

const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json';

/**
 * Makes the software driver known, where it is installed and no other is named, and finds out whether WebGPU works.
 * Prints a line where it does not.
 */
export function hasWebgpu(): boolean {
  if (process.env['VK_ICD_FILENAMES'] === undefined && existsSync(swiftShader))
    process.env['VK_ICD_FILENAMES'] = swiftShader;
  try {
    tryDevice(onnxruntimeNode('webgpu'));
    return true;
  } catch (error) {
    console.log(`skipped: ${missingDevice('webgpu', error, supportedDevices()).message}`);
    return false;
  }
}
