/** A graph as a file, and its weights in a second one where that is wanted: ONNX's external data. */
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { GraphProto, TensorProto } from '../graph/onnx-model.js';

/** Smaller tensors stay in the graph, where runtimes want to see them: shapes, axes, single numbers. */
const smallestExternal = 1_024;
/** Weights start at whole pages, so that runtimes can map them into memory. */
const page = 4_096;

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
  const dataPath = `${path}.data`;
  const [temporary, temporaryData] = [path, dataPath].map((each) => `${each}.${process.pid}.tmp`) as [string, string];
  try {
    const initializer = apart ? await writeTensors(temporaryData, basename(dataPath), graph.initializer) : null;
    await writeFile(temporary, encode(initializer === null ? graph : { ...graph, initializer }));
    // The weights first: a graph never stands beside weights that are not there.
    if (initializer !== null) await rename(temporaryData, dataPath);
    await rename(temporary, path);
    return initializer === null ? [path] : [path, dataPath];
  } finally {
    await Promise.all([temporary, temporaryData].map((each) => rm(each, { force: true })));
  }
}

/** @returns the tensors as they stand in the graph, large ones with place and length in the file instead of their values */
async function writeTensors(path: string, location: string, tensors: readonly TensorProto[]): Promise<TensorProto[]> {
  const file = await open(path, 'w');
  try {
    const placed: TensorProto[] = [];
    let offset = 0;
    for (const tensor of tensors) {
      const { rawData, name, dims, dataType } = tensor;
      if (rawData === undefined || rawData.length < smallestExternal) {
        placed.push(tensor);
        continue;
      }
      // One write takes at most 2 GiB.
      for (let start = 0; start < rawData.length; start += 2 ** 30) {
        const part = rawData.subarray(start, start + 2 ** 30);
        let written = 0;
        while (written < part.length) {
          const { bytesWritten } = await file.write(part, written, part.length - written, offset + start + written);
          written += bytesWritten;
        }
      }
      const entries = { location, offset: String(offset), length: String(rawData.length) };
      const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
      placed.push({ name, dims, dataType, externalData, dataLocation: 1 });
      offset = Math.ceil((offset + rawData.length) / page) * page;
    }
    await file.sync();
    return placed;
  } finally {
    await file.close();
  }
}
