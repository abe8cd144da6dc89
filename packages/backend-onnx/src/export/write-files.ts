/** A graph as a file, and its weights in a second one where that is wanted: ONNX's external data. */
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { writeAtomically, writeFilesAtomically } from '@cnnzoo/files';
import type { GraphProto, TensorProto } from '../graph/onnx-model.js';

/** Smaller tensors stay in the graph, where runtimes want to see them: shapes, axes, single numbers. */
const smallestExternal = 1_024;
/** Weights start at whole pages, so that runtimes can map them into memory. */
const page = 4_096;
/** Bytes of one write; 2 GiB is more than the system takes at once. */
const largestWrite = 2 ** 30;
/** TensorProto.DataLocation: in a file of its own. */
const dataLocation = 1;

/**
 * @param apart whether weights go to a file of their own
 * @param encode makes the bytes of an .onnx file of a graph
 * @returns the paths that were written
 */
export async function writeFiles(
  path: string,
  graph: GraphProto,
  apart: boolean,
  encode: (graph: GraphProto) => Uint8Array,
): Promise<string[]> {
  if (!apart) {
    await writeAtomically(path, encode(graph));
    return [path];
  }
  const dataPath = `${path}.data`;
  const { initializer, external } = placed(graph.initializer, basename(dataPath));
  // The weights first: a graph never stands beside weights that are not there.
  await writeFilesAtomically([
    { path: dataPath, content: (file) => writeTensors(file, external) },
    { path, content: encode({ ...graph, initializer }) },
  ]);
  return [path, dataPath];
}

/** A tensor whose values are in the second file. */
interface External {
  readonly offset: number;
  readonly tensor: TensorProto;
}

/** The tensors as they stand in the graph: large ones have place and length in the file instead of their values. */
function placed(
  tensors: readonly TensorProto[],
  location: string,
): { initializer: TensorProto[]; external: readonly External[] } {
  const external: External[] = [];
  let offset = 0;
  const initializer = tensors.map((tensor) => {
    const { rawData, name, dims, dataType } = tensor;
    if (rawData === undefined || rawData.length < smallestExternal) return tensor;
    external.push({ offset, tensor });
    const entries = { location, offset: String(offset), length: String(rawData.length) };
    const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
    offset = Math.ceil((offset + rawData.length) / page) * page;
    return { name, dims, dataType, externalData, dataLocation };
  });
  return { initializer, external };
}

async function writeTensors(file: FileHandle, tensors: readonly External[]): Promise<void> {
  for (const { offset, tensor } of tensors) {
    const { rawData = new Uint8Array(0) } = tensor;
    for (let start = 0; start < rawData.length; ) {
      const length = Math.min(rawData.length - start, largestWrite);
      const { bytesWritten } = await file.write(rawData, start, length, offset + start);
      start += bytesWritten;
    }
  }
}
