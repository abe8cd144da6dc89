/** Checkpoints as training scripts save them, from fixtures/make-checkpoints.py. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readWeights } from '../read-weights.js';
import { readTorch } from './torch.js';

const fixture = (name: string) => fileURLToPath(new URL(`../../fixtures/checkpoints/${name}`, import.meta.url));
const keys = ['fc.weight', 'fc.bias', 'bn.weight', 'bn.bias', 'bn.running_mean', 'bn.running_var'];
const all = [...keys, 'bn.num_batches_tracked'];
const prefixed = (prefix: string, names = all) => names.map((name) => prefix + name);

describe('the state dict is found', () => {
  test.each([
    ['torchvision.pth', undefined, all, 1],
    ['torchvision-ema.pth', 'model', all, 1],
    ['torchvision-ema.pth', 'model_ema', ['n_averaged', ...prefixed('module.')], 2],
    ['timm.pth.tar', 'state_dict', all, 1],
    ['timm.pth.tar', 'state_dict_ema', all, 2],
    ['lightning.ckpt', undefined, prefixed('model.'), 1],
    ['deepspeed.pt', undefined, all, 1],
    ['dino.pth', 'student', prefixed('module.backbone.'), 1],
    ['dino.pth', 'teacher', prefixed('backbone.'), 2],
    ['random-state.pth', undefined, all, 1],
  ])('%s, %s', async (name, entry, names, value) => {
    const options = entry === undefined ? {} : { entry };
    const dict = await readTorch(fixture(name), options);
    expect([...dict.keys()]).toEqual(names);
    const key = names.find((candidate) => candidate.endsWith('fc.weight')) ?? '';
    expect(dict.get(key)).toMatchObject({ shape: [2, 2], dtype: 'F32' });
    expect(dict.get(key)?.data).toEqual(new Float32Array(4).fill(value));
    expect([...(await readWeights(fixture(name), options)).keys()]).toEqual(names);
  });
});

describe('what cannot be read says why, and what to do', () => {
  test.each([
    [
      'torchvision-ema.pth',
      "several state dicts: 'model' (7 tensors), 'model_ema' (8 tensors); choose one with { entry: 'model_ema' }",
    ],
    ['timm.pth.tar', "several state dicts: 'state_dict' (7 tensors), 'state_dict_ema' (7 tensors)"],
    ['dino.pth', "'student' (7 tensors), 'teacher' (7 tensors)"],
    ['subclass.pth', "'fc.weight' is a __main__.Wrapper, which only Python can make"],
    [
      'whole-module.pth',
      'a whole object, a __main__.Net: only Python has its code. Save its state dict there: torch.save(',
    ],
    ['module-in-a-dict.pth', "its 'net' is a whole object, a __main__.Net"],
    ['script.pt', 'a TorchScript file, a program. Save its state dict in Python: torch.save(torch.jit.load('],
    ['one-tensor.pth', 'no dict of tensors, but one tensor'],
    ['no-tensors.pth', "no tensors: its keys are 'optimizer', 'epoch'"],
    ['pickled.pkl', "a file of Python's pickle? Save it with torch.save"],
    ['pointer.pth', 'a pointer of Git LFS and not the file: fetch it with `git lfs pull`'],
    ['page.pth', 'a web page and not the file'],
    ['array.npy', 'an array of NumPy'],
  ])('%s', async (name, message) => {
    await expect(readTorch(fixture(name))).rejects.toThrow(message);
    await expect(readTorch(fixture(name))).rejects.toThrow(fixture(name));
    await expect(readWeights(fixture(name))).rejects.toThrow(message);
  });

  test('a tensor without values is an error when its values are asked for', async () => {
    const dict = await readTorch(fixture('meta.pth'));
    expect(dict.get('fc.weight')?.shape).toEqual([2, 3]);
    expect(() => dict.get('fc.weight')?.data).toThrow(
      "'fc.weight' has a shape and no values: it was saved from the device 'meta'",
    );
    expect(dict.get('fc.bias')?.data).toEqual(new Float32Array(2));
  });

  test.each([
    [{ entry: 'ema' }, "no state dict 'ema': it has 'model' (7 tensors), 'model_ema' (8 tensors)"],
    [{ entry: 3 }, 'entry must be a text, got 3'],
    [{ Entry: 'model' }, "readTorch has no option 'Entry': did you mean 'entry'?"],
    [{ limits: { memory: -1 } }, 'limits.memory must be a finite number of at least 0, got -1'],
    [{ limits: { Memory: 1 } }, "limits has no option 'Memory'"],
    [null, 'options of readTorch must be an object, got null'],
  ])('%j', async (options, message) => {
    await expect(readTorch(fixture('torchvision-ema.pth'), options as never)).rejects.toThrow(message);
  });
});
