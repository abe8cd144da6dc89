import { readFileSync } from 'node:fs';

/** Bytes of resident memory of this process: now, and at most so far. */
export function processMemory(): { residentMemory: number; peakMemory: number } {
  return { residentMemory: process.memoryUsage.rss(), peakMemory: peakMemory() };
}

function peakMemory(): number {
  if (process.platform === 'linux') {
    // getrusage also counts what the parent held when it forked.
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
