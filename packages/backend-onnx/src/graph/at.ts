/**
 * The element of a list that has to be there. A default in its place would hide a fault: in ONNX an empty name is valid and means
 * "input left out", so that a missing name would make another network.
 * @throws RangeError where the list has no such element
 */
export function at<T>(list: readonly T[], index: number): T {
  const element = list[index];
  if (element === undefined) throw new RangeError(`a list of ${list.length} has no element ${index}`);
  return element;
}
