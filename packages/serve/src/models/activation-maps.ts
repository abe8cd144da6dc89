/** Where in an image a network sees a class, for the page. The network of the maps starts with the first that is asked for. */
import type { ServedNetwork } from './served-classifier.js';

/** A class activation map, scaled to 0 to 1. */
export interface ActivationMap {
  readonly rows: number;
  readonly columns: number;
  /** Row by row. */
  readonly values: readonly number[];
}

export interface ActivationMaps {
  /** @returns null where the network has no such maps */
  mapOf(image: Float32Array, classIndex: number): Promise<ActivationMap | null>;
  close(): Promise<void>;
}

export function activationMaps(network: ServedNetwork, classes: number): ActivationMaps {
  let starting: ReturnType<ServedNetwork['startMaps']> | null = null;
  return {
    async mapOf(image, classIndex) {
      starting ??= network.startMaps();
      const started = await starting.catch((error: unknown) => {
        // The next request tries again.
        starting = null;
        throw error;
      });
      if (started === null) return null;
      const { predictor, size } = started;
      const [rows, columns] = size;
      const maps = await predictor.run(image);
      const values = Array.from({ length: rows * columns }, (_, place) => maps[place * classes + classIndex] ?? 0);
      const [least, most] = [Math.min(...values), Math.max(...values)];
      // Four digits are more than an image of 8 bits can show.
      const scaled = values.map((value) => Number(((value - least) / (most - least || 1)).toFixed(4)));
      return { rows, columns, values: scaled };
    },
    async close() {
      const started = await starting?.catch(() => null);
      await started?.predictor.dispose();
    },
  };
}
