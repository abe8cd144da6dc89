/**
 * glibc's `malloc` keeps what large blocks leave when they are freed: after the first block of 32 MB that was freed, blocks of that size
 * come from its heap, whose end goes back to the system only in pieces of at least 64 MB, and whose middle never does. A ResNet-50 that
 * was loaded and disposed of leaves 230 to 400 MB so. `malloc_trim` gives all whole free pages back, of every thread's heap; onnxruntime
 * has no call for it, and none of its session's options avoids the need. Other systems' allocators return memory by themselves.
 */
import { createRequire } from 'node:module';

let trim: (() => void) | null = null;

function findTrim(): () => void {
  const nothing = () => undefined;
  if (process.platform !== 'linux') return nothing;
  try {
    // An optional dependency, loaded when it is first needed: where it was not installed, memory comes back as glibc sees fit.
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const mallocTrim = koffi.load('libc.so.6').func('int malloc_trim(size_t pad)');
    return () => void mallocTrim(0);
  } catch {
    return nothing; // also on musl, whose libc has another name and no such function
  }
}

/** Gives freed memory of native code back to the system, where that does not happen by itself. Takes 4 to 13 ms around a ResNet-50. */
export function returnFreedMemory(): void {
  trim ??= findTrim();
  trim();
}
