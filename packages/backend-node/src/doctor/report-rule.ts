/** What a report must be, for who formats one: it may come from a file. */
import { boolean, listOf, nullOr, number, oneOf, type Rule, record, rule, text } from '@cnnzoo/checks';
import type { EngineName } from '../engine-name.js';
import type { Obstacle } from '../engines/engine.js';
import { engines } from '../engines/index.js';
import type { GpuHardware } from '../gpu-hardware.js';
import type { Speed } from '../measure.js';
import type { CopyOfTfjs } from '../tfjs-copies.js';
import type { DoctorReport, EngineReport, Problem } from './doctor.js';
import type { InstalledSize } from './installed-sizes.js';

const engineName = rule<EngineName>(
  'the name of an engine',
  (value) => typeof value === 'string',
  (value) => Object.hasOwn(engines, value),
);

/** What `doctor()` gives. */
export const reportRule: Rule<DoctorReport> = record<DoctorReport>({
  node: record<DoctorReport['node']>({ version: text, abi: text, path: text }),
  system: record<DoctorReport['system']>({ platform: text, architecture: text, name: text, libc: nullOr(text) }),
  processor: record<DoctorReport['processor']>({
    model: text,
    features: listOf(text),
    cores: number(),
    allowed: number(),
    quota: nullOr(number()),
    usable: number(),
  }),
  memory: record<DoctorReport['memory']>({ total: number(), available: number(), limit: nullOr(number()) }),
  cuda: listOf(text),
  cudnn: listOf(text),
  gpu: record<GpuHardware>({
    names: listOf(text),
    nvidia: boolean,
    nvidiaDriver: nullOr(text),
    forbidden: listOf(text),
    vulkanDrivers: nullOr(listOf(text)),
  }),
  engines: listOf(
    record<EngineReport>({
      engine: engineName,
      installed: nullOr(text),
      works: boolean,
      canTrain: boolean,
      device: nullOr(text),
      needs: nullOr(text),
      speed: nullOr(record<Speed>({ forward: number(), training: nullOr(number()) })),
      obstacle: nullOr(record<Obstacle>({ reason: text, remedy: text })),
    }),
  ),
  choice: nullOr(engineName),
  int8: nullOr(oneOf(['exact', 'saturating'])),
  tuned: nullOr(record<NonNullable<DoctorReport['tuned']>>({ count: number(0), file: text })),
  copiesOfTfjsCore: listOf(record<CopyOfTfjs>({ name: text, version: text, folder: text, usedBy: text })),
  sizes: listOf(
    record<InstalledSize>({ name: text, version: text, folder: text, bytes: number(0), unneeded: number(0) }),
  ),
  problems: listOf(record<Problem>({ problem: text, remedy: text })),
});
