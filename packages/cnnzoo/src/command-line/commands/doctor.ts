import { command, flag } from '../command.js';

export const doctorCommand = command({
  name: 'doctor',
  summary: 'this machine, its engines, how fast they are, and what to do about problems',
  examples: ['cnnzoo doctor', 'cnnzoo doctor --no-measure --json'],
  args: {},
  options: { noMeasure: flag('without measurements of speed') },
  async run({ options: { noMeasure = false } }) {
    const { doctor, formatDoctorReport } = await import('@cnnzoo/backend-node');
    const report = await doctor({ measure: !noMeasure });
    return { text: formatDoctorReport(report).trimEnd(), data: report };
  },
});
