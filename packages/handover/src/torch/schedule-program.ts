/** A recipe's schedule as Python functions. */
import type { Recipe, ScheduleRecipe } from '@cnnzoo/train';
import { pythonValue } from './python-text.js';

const signature = '(step, epoch, total_steps, total_epochs, history)';

/** A schedule's time and the run's length in its unit. */
const clock = (unit: 'epoch' | 'step') => (unit === 'step' ? ['step', 'total_steps'] : ['epoch', 'total_epochs']);

/** The lines of a function, without the warm-up. */
function decayLines(schedule: ScheduleRecipe): readonly string[] {
  switch (schedule.name) {
    case 'stepDecay': {
      const [time] = clock(schedule.unit ?? 'epoch');
      return [`return ${schedule.factor ?? 0.1} ** (${time} // ${schedule.every})`];
    }
    case 'multiStepDecay': {
      const [time] = clock(schedule.unit ?? 'epoch');
      return [
        `return ${schedule.factor ?? 0.1} ** sum(milestone <= ${time} for milestone in ${pythonValue(schedule.milestones)})`,
      ];
    }
    case 'polynomialDecay': {
      const { power = 1, end = 0, unit = 'step' } = schedule;
      const [time, total] = clock(unit);
      return [`return ${end} + ${1 - end} * (1 - min(${time}, ${total}) / ${total}) ** ${power}`];
    }
    case 'cosineDecay': {
      const { end = 0, unit = 'step' } = schedule;
      const [time, total] = clock(unit);
      return [`return ${end} + ${1 - end} * (1 + math.cos(math.pi * min(${time}, ${total}) / ${total})) / 2`];
    }
    case 'reduceOnPlateau': {
      const { metric = 'loss', factor = 0.1, patience = 10, threshold = 1e-4, cooldown = 0, smallest = 0 } = schedule;
      const [worst, better] =
        metric === 'loss'
          ? ['math.inf', `value < best * ${1 - threshold}`]
          : ['-math.inf', `value > best * ${1 + threshold}`];
      return [
        `factor, best, bad, rest = 1.0, ${worst}, 0, 0`,
        'for record in history:',
        `    value = record.get("validation", record)["${metric}"]`,
        `    if ${better}:`,
        '        best, bad = value, 0',
        '    else:',
        '        bad += 1',
        '    if rest > 0:',
        '        rest, bad = rest - 1, 0',
        `    if bad > ${patience}:`,
        `        factor, rest, bad = max(factor * ${factor}, ${smallest}), ${cooldown}, 0`,
        'return factor',
      ];
    }
  }
}

const indented = (lines: readonly string[]) => lines.map((line) => `    ${line}\n`).join('');

/** `auxiliary_schedule(step, epoch, total_steps, total_epochs, history)`: the factor on the weight of auxiliary heads. */
export function auxiliaryScheduleProgram({ auxiliarySchedule }: Pick<Recipe, 'auxiliarySchedule'>): string {
  const doc = '"""The factor on the weight of auxiliary heads, in the step of this index from 0."""';
  const lines = auxiliarySchedule === undefined ? ['return 1.0'] : decayLines(auxiliarySchedule);
  return `def auxiliary_schedule${signature}:\n${indented([doc, ...lines])}`;
}

/** `schedule(step, epoch, total_steps, total_epochs, history)`: the factor on the learning rate. */
export function scheduleProgram({ schedule, warmUp }: Pick<Recipe, 'schedule' | 'warmUp'>): string {
  const doc = '"""The factor on the learning rate, before the step of this index from 0."""';
  const lines = decayLines(schedule);
  if (warmUp === undefined) return `def schedule${signature}:\n${indented([doc, ...lines])}`;
  const { duration, start = 0, delay = false, unit = 'epoch' } = warmUp;
  const steps = unit === 'step' ? String(duration) : `${duration} * total_steps / total_epochs`;
  const after = delay
    ? 'decay(step - steps, max(epoch - epochs, 0), total_steps - steps, total_epochs - epochs, history)'
    : 'decay(step, epoch, total_steps, total_epochs, history)';
  const rise = `${start} + ${1 - start} * step / steps`;
  return `def decay${signature}:
${indented(lines)}

def schedule${signature}:
${indented([
  doc,
  `steps = ${steps}`,
  ...(delay
    ? ['epochs = steps * total_epochs / total_steps', 'if step < steps:', `    return ${rise}`, `return ${after}`]
    : [`return (${rise} if step < steps else 1) * ${after}`]),
])}`;
}
