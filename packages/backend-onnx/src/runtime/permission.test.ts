/** Node's permission model, in processes of their own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// Node 23.5 took "experimental" out of the option's name.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const permission = major > 23 || (major === 23 && minor >= 5) ? '--permission' : '--experimental-permission';

const program = `
  import * as tf from '@tensorflow/tfjs-core';
  import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
  registerOnnxBackend();
  await tf.setBackend('onnx');
  try {
    console.log(tf.add(1, 2).dataSync()[0]);
  } catch (error) {
    console.log(error.message);
  }`;

async function printed(...options: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [permission, '--allow-fs-read=*', ...options, '--input-type=module', '--eval', program],
    { cwd: new URL('../..', import.meta.url) },
  );
  return stdout.trim();
}

test('without --allow-addons the error names it', async () => {
  expect(await printed()).toMatch(/onnxruntime is native code.*start node with --allow-addons/);
});

test('with --allow-addons the engine computes', async () => {
  expect(await printed('--allow-addons')).toBe('3');
});
