import { check } from '@cnnzoo/checks';
import type { DoctorReport, EngineReport } from './doctor.js';
import { reportRule } from './report-rule.js';

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GB`;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function speedText({ speed }: EngineReport): string {
  if (speed === null) return '';
  const rounded = (value: number) => (value < 10 ? value.toPrecision(2) : value.toFixed(0));
  return `, ${rounded(speed.forward)} GFLOP/s forward${speed.training === null ? '' : `, ${rounded(speed.training)} training`}`;
}

function engineText(report: EngineReport, chosen: boolean): string[] {
  const { engine, installed, works, device, obstacle, needs } = report;
  const mark = chosen ? '>' : works ? '+' : '-';
  const lines = [`  ${mark} ${engine.padEnd(14)}${installed ?? 'not installed'}`];
  if (works) lines[0] += `, on ${device}${speedText(report)}`;
  if (obstacle !== null) {
    lines.push(`      ${obstacle.reason}`, `      to get it: ${obstacle.remedy}`);
    if (needs !== null) lines.push(`      needs ${needs}`);
  }
  return lines;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;

const int8Text = {
  exact: 'sums are exact (VNNI, AMX or ARM): quantize with weights of 8 bits',
  saturating: 'sums saturate: quantize with weights of 7 bits',
} as const;

function tunedText({ count, file }: NonNullable<DoctorReport['tuned']>): string {
  return count === 0
    ? 'training: not tuned; cnnzoo tune NETWORK --batch N measures which forms of its convolutions are fastest'
    : `training: ${counted(count, 'convolution')} tuned, in ${file}`;
}

function sizeText(sizes: DoctorReport['sizes']): string[] {
  if (sizes.length === 0) return [];
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  const unneeded = sum(sizes.map((each) => each.unneeded));
  return [
    '',
    `Room that they take: ${megabytes(sum(sizes.map((each) => each.bytes)))}, ${megabytes(unneeded)} of it for other systems and for debuggers`,
    ...sizes.map(
      (each) =>
        `  ${megabytes(each.bytes).padStart(6)}  ${each.name} ${each.version}${each.unneeded < 1e6 ? '' : `, not needed here: ${megabytes(each.unneeded)}`}`,
    ),
    ...(unneeded < 1e6 ? [] : ['      to be rid of it: https://github.com/cnnzoo/cnnzoo#install-size']),
  ];
}

/**
 * A doctor's report as text for a terminal, without colours.
 * @param report of `doctor()`
 * @returns lines of text; the last ones are the problems, each with what to do
 * @example
 * import { doctor, formatDoctorReport } from '@cnnzoo/backend-node';
 *
 * console.log(formatDoctorReport(await doctor({ measure: false })));
 */
export function formatDoctorReport(report: DoctorReport): string {
  check('report', report, reportRule);
  const { node, system, processor, memory, gpu, engines, copiesOfTfjsCore, sizes, problems, choice } = report;
  const limits = [
    processor.allowed < processor.cores ? `${processor.allowed} allowed to this process` : '',
    processor.quota === null ? '' : `time for ${processor.quota} of them in this container`,
  ].filter((text) => text !== '');
  const cuda = [
    ...report.cuda.map((version) => `CUDA ${version}`),
    ...report.cudnn.map((version) => `cuDNN ${version}`),
    ...(gpu.nvidiaDriver === null ? [] : [`NVIDIA driver ${gpu.nvidiaDriver}`]),
  ];
  const lines = [
    `Node       ${node.version} (ABI ${node.abi}), ${node.path}`,
    `System     ${system.name}, ${system.platform} ${system.architecture}${system.libc === null ? '' : `, ${system.libc}`}`,
    `Processor  ${processor.model}, ${counted(processor.cores, 'core')}${limits.map((text) => `, ${text}`).join('')}; engines get ${counted(processor.usable, 'thread')}`,
    `           ${processor.features.length === 0 ? 'vector instructions unknown' : processor.features.join(' ')}`,
    ...(report.int8 === null ? [] : [`           int8: ${int8Text[report.int8]}`]),
    ...(report.tuned === null ? [] : [`           ${tunedText(report.tuned)}`]),
    `Memory     ${gigabytes(memory.available)} available of ${gigabytes(memory.total)}${memory.limit === null ? '' : `, limit of this container ${gigabytes(memory.limit)}`}`,
    `GPU        ${gpu.names.length === 0 ? 'none' : gpu.names.join(', ')}`,
  ];
  if (gpu.nvidia && report.cuda.length === 0) cuda.push('CUDA not found');
  if (cuda.length > 0) lines.push(`           ${cuda.join(', ')}`);
  if (gpu.vulkanDrivers !== null && gpu.vulkanDrivers.length > 0)
    lines.push(`           Vulkan drivers: ${gpu.vulkanDrivers.join(', ')}`);
  lines.push('', 'Engines in the order in which they are tried (> is what useBackend() takes, + works, - does not):');
  for (const engine of engines) lines.push(...engineText(engine, engine.engine === choice));
  lines.push(
    '',
    copiesOfTfjsCore.length === 1 ? 'tfjs-core, one copy:' : `tfjs-core, ${copiesOfTfjsCore.length} copies:`,
  );
  for (const { version, folder, usedBy } of copiesOfTfjsCore)
    lines.push(`  ${version} in ${folder}`, `      for ${usedBy}`);
  lines.push(...sizeText(sizes), '');
  if (problems.length === 0) lines.push('No problems.');
  else lines.push(problems.length === 1 ? '1 problem:' : `${problems.length} problems:`);
  for (const { problem, remedy } of problems) lines.push(`  ! ${problem}`, `    -> ${remedy}`);
  return lines.join('\n');
}
