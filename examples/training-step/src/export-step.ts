/** Writes a training step of LeNet-5 to a folder: node --import tsx src/export-step.ts FOLDER */
import { writeTrainingStep } from '@cnnzoo/handover';
import { lenet5 } from '@cnnzoo/lenet';
import { sgd } from '@cnnzoo/train';

/** @param batchSize divides MNIST's 60,000 and 10,000 images */
export async function exportLenetStep(folder: string, batchSize = 100): Promise<void> {
  const optimizer = sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4 });
  await writeTrainingStep(lenet5({ seed: 1 }), folder, { optimizer, batchSize });
}

const [folder] = process.argv.slice(2);
if (import.meta.filename === process.argv[1] && folder !== undefined) await exportLenetStep(folder);
