/** The globals of PyTorch's files that mean something here. Hooks, gradients and attributes are read over. */
import { rebuildMeta, rebuildQuantized, rebuildSparse } from './derived-tensors.js';
import { PickleGlobal, type PickleGlobals, PickleObject } from './pickle.js';
import { rebuildTensor } from './torch-tensor.js';

export const torchGlobals: PickleGlobals = {
  'collections OrderedDict': ([items]) => new Map(pairs(items)),
  'collections defaultdict': () => new Map(),
  'collections Counter': ([counts]) => (counts instanceof Map ? new Map(counts) : new Map(pairs(counts))),
  'builtins dict': ([items]) => (items instanceof Map ? new Map(items) : new Map(pairs(items))),
  'builtins set': ([values]) => new Set(list(values)),
  '__builtin__ set': ([values]) => new Set(list(values)),
  'builtins frozenset': ([values]) => new Set(list(values)),
  // How Python writes bytes in protocols that have none.
  '_codecs encode': ([text, encoding]) =>
    typeof text === 'string' && encoding === 'latin1'
      ? Uint8Array.from(text, (character) => character.charCodeAt(0))
      : new PickleObject('_codecs.encode', [text, encoding]),
  'torch Size': ([sizes]) => sizes ?? [],
  'torch.serialization _get_layout': ([name]) => name,
  'torch._utils _rebuild_tensor': ([storage, offset, shape, strides]) => rebuildTensor(storage, offset, shape, strides),
  'torch._utils _rebuild_tensor_v2': ([storage, offset, shape, strides, , , metadata]) =>
    rebuildTensor(storage, offset, shape, strides, metadata),
  'torch._utils _rebuild_tensor_v3': ([storage, offset, shape, strides, , , dtype, metadata]) =>
    rebuildTensor(storage, offset, shape, strides, metadata, dtype),
  'torch._utils _rebuild_parameter': ([tensor]) => tensor,
  'torch._utils _rebuild_parameter_with_state': ([tensor]) => tensor,
  'torch._utils _rebuild_qtensor': ([storage, offset, shape, strides, quantizer]) =>
    rebuildQuantized(rebuildTensor(storage, offset, shape, strides), quantizer),
  'torch._utils _rebuild_sparse_tensor': ([layout, parts]) => rebuildSparse(layout, parts),
  'torch._utils _rebuild_sparse_csr_tensor': ([layout, parts]) => rebuildSparse(layout, parts),
  'torch._utils _rebuild_meta_tensor_no_storage': ([dtype, shape]) => rebuildMeta(dtype, shape),
  // A buffer, or a tensor of a subclass or with attributes: the function that makes it, its class, the function's arguments.
  'torch._tensor _rebuild_from_type_v2': ([rebuild, type, args, state]) =>
    rebuild instanceof PickleGlobal && Array.isArray(args) && rebuild.name.startsWith('torch._utils ')
      ? rebuild.call(args)
      : new PickleObject('torch._tensor._rebuild_from_type_v2', [type, args, state]),
};

function list(values: unknown): unknown[] {
  return Array.isArray(values) ? values : [];
}

function pairs(items: unknown): [unknown, unknown][] {
  if (items === undefined) return [];
  if (!Array.isArray(items) || !items.every((item) => Array.isArray(item) && item.length === 2))
    throw new TypeError('pickle: a dict is made of something that is no list of pairs');
  return items as [unknown, unknown][];
}
