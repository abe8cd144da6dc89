import { command, numeric, required } from '../command.js';
import { networkNames, networkRow } from '../network-names.js';

export const tuneCommand = command({
  name: 'tune',
  summary: 'finds the forms of convolutions with which a network trains fastest on this processor',
  details:
    "Times the forms that the engine has for each convolution of a training step and for its gradients, and keeps those that are clearly faster than what the engine's rules choose if the whole step is faster with them. They are stored in the cache folder, and later trainings on such a processor use them by themselves. Tune while nothing else runs.",
  examples: ['cnnzoo tune resnet50 --batch 8', 'cnnzoo tune cifar_resnet20 --batch 128 --json'],
  args: { network: required("a network's name", networkNames) },
  options: {
    batch: numeric('number', 'images of a training step; default: 16', { least: 1 }),
    seconds: numeric('number', 'after which no further convolution is measured; default: 40', {
      least: 0.1,
      whole: false,
    }),
  },
  async run({ args: { network }, options, output }) {
    const { id } = networkRow(network);
    const { batch = 16, seconds = 40 } = options;
    const { useBackend } = await import('@cnnzoo/backend-node');
    const { engine } = await useBackend({ prefer: 'onnx-cpu' });
    const { tuneTraining } = await import('@cnnzoo/backend-onnx');
    const { createModel } = await import('../../networks/create-model.js');
    const { trainingStepOf } = await import('../benchmark/training-step.js');
    const model = createModel(id, {});
    const { step, dispose } = trainingStepOf(model, batch);
    try {
      output.overwrite('measuring convolutions');
      const found = await tuneTraining(step, { seconds });
      output.overwrite('');
      const { measured, faster, kept, before, after, file } = found;
      const lines = [
        `${measured} convolutions and gradients measured in ${found.seconds.toFixed(0)} s: another form is faster for ${faster}`,
        `a step of ${batch} images: ${before.toFixed(1)} ms before, ${after.toFixed(1)} ms with them`,
        kept ? `kept in ${file}` : 'nothing kept: the whole step is not faster',
      ];
      return { text: lines.join('\n'), data: { network: id, batch, engine, ...found } };
    } finally {
      output.overwrite('');
      dispose();
      model.dispose();
    }
  },
});
