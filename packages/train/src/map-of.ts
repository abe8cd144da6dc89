import type { Rule } from '@cnnzoo/checks';
import { isRecord } from '@cnnzoo/files';

/** A rule for objects whose names are the user's own, such as metrics or layers. */
export function mapOf<T>(element: Rule<T>): Rule<Readonly<Record<string, T>>> {
  const expected = `an object, each value ${element.expected}`;
  return {
    expected,
    fault(name, value) {
      if (!isRecord(value)) return new TypeError(`${name} must be ${expected}`);
      for (const [key, each] of Object.entries(value)) {
        const fault = element.fault(`${name}.${key}`, each);
        if (fault !== null) return fault;
      }
      return null;
    },
  };
}
