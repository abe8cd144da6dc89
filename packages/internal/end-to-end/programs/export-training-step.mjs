/** Writes a training step of LeNet-5 to the folder that it is given. */
import { writeTrainingStep } from '@cnnzoo/handover';
import { lenet5 } from '@cnnzoo/lenet';
import { sgd } from '@cnnzoo/train';

const [folder] = process.argv.slice(2);
const optimizer = sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 5e-4 });
console.log(JSON.stringify(await writeTrainingStep(lenet5({ seed: 1 }), folder, { optimizer, batchSize: 20 })));
