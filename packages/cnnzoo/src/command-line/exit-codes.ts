/** Of a process that Ctrl-C ended, as shells have it: 128 and the number of the signal. */
export const interruptedCode = 130;
