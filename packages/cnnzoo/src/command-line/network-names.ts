/** The networks' names for the help and for completion, without the networks, which take half a second to import. */
import { nearestNames, shown } from '@cnnzoo/checks';
import type { Family } from '../networks/models.js';
import type { NetworkRow } from './tables/network-row.js';
import { networkTable } from './tables/network-table.js';

export const networkNames: readonly string[] = networkTable.map(({ id }) => id);

export const familyNames: readonly Family[] = [...new Set(networkTable.map(({ family }) => family))];

/** @throws RangeError with the name that was meant, where one is near */
export function networkRow(name: string): NetworkRow {
  const row = networkTable.find(({ id }) => id === name);
  if (row !== undefined) return row;
  const [nearest] = nearestNames(name, networkNames);
  throw new RangeError(
    `there is no network ${shown(name)}${nearest === undefined ? '' : `, did you mean ${shown(nearest)}?`}: cnnzoo list has all`,
  );
}
