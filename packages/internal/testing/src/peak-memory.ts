import { readFileSync } from 'node:fs';

/**
 * The most memory in MB that this process has held. On Linux getrusage counts from what the parent held when it started this process, which may
 * be a test runner of 2 GB; the kernel's own mark begins anew with the program.
 */
export function peakMegabytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS / 1024;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
