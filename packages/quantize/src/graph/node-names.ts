import type { NodeProto } from '@cnnzoo/onnx-format';

/** Whether a node has this name, or is of the layer of this name. */
export const isIn = ({ name }: NodeProto, wanted: string): boolean => name === wanted || name.startsWith(`${wanted}/`);
