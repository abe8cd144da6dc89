/** The commands, in the order of the help. */
import type { Command } from './command.js';
import { benchmarkCommand } from './commands/benchmark.js';
import { clusterCommand } from './commands/cluster.js';
import { completionCommand } from './commands/completion.js';
import { convertCommand } from './commands/convert.js';
import { doctorCommand } from './commands/doctor.js';
import { evaluateCommand } from './commands/evaluate.js';
import { exportCommand } from './commands/export.js';
import { extractCommand } from './commands/extract.js';
import { infoCommand } from './commands/info.js';
import { listCommand } from './commands/list.js';
import { mergeCommand } from './commands/merge.js';
import { packCommand } from './commands/pack.js';
import { parityCommand } from './commands/parity.js';
import { predictCommand } from './commands/predict.js';
import { pushCommand } from './commands/push.js';
import { quantizeCommand } from './commands/quantize.js';
import { recipeCommand } from './commands/recipe.js';
import { serveCommand } from './commands/serve.js';
import { shapeCommand } from './commands/shape.js';
import { summaryCommand } from './commands/summary.js';
import { trainCommand } from './commands/train.js';
import { tuneCommand } from './commands/tune.js';
import { verifyCommand } from './commands/verify.js';
import { weightsCommand } from './commands/weights.js';

export const commands: readonly Command[] = [
  trainCommand,
  evaluateCommand,
  predictCommand,
  serveCommand,
  packCommand,
  extractCommand,
  mergeCommand,
  verifyCommand,
  clusterCommand,
  quantizeCommand,
  exportCommand,
  convertCommand,
  pushCommand,
  weightsCommand,
  listCommand,
  infoCommand,
  summaryCommand,
  shapeCommand,
  recipeCommand,
  parityCommand,
  benchmarkCommand,
  tuneCommand,
  doctorCommand,
  completionCommand,
];
