import { command, flag, required, text } from '../command.js';
import { fileSize } from '../numbers.js';
import { openClassifier } from '../open-classifier.js';
import { progressListener } from '../training/progress.js';

export const pushCommand = command({
  name: 'push',
  summary: "writes a classifier into a repository of Hugging Face's hub, with a model card",
  details:
    "Writes config.json, model.safetensors and a model card into a repository of Hugging Face's hub, which is made where it is not there. Every command opens it with --model hf-hub:owner/name, and timm.create_model('hf-hub:owner/name', pretrained=True) does for the networks that timm has. HF_TOKEN must be a token with the right to write; HF_ENDPOINT names another hub.",
  examples: [
    'cnnzoo push pets-classifier hf-hub:me/pets --data pets-test',
    'cnnzoo predict cat.jpg --model hf-hub:me/pets',
  ],
  args: {
    model: required('a folder that cnnzoo train has saved'),
    repository: required('hf-hub:owner/name'),
  },
  options: {
    data: text('place', 'labelled images to test it on first: the report goes into the model card'),
    private: flag('for its owner alone, where the repository is made'),
  },
  async run({ args: { model, repository }, options, output }) {
    const { pushToHub } = await import('../../hub/push-to-hub.js');
    const classifier = await openClassifier({ model });
    try {
      const report =
        options.data === undefined
          ? undefined
          : await classifier.evaluate(options.data, { onEvent: await progressListener(output) });
      const pushed = await pushToHub(classifier, repository, {
        ...(report !== undefined && { report }),
        ...(options.private === true && { private: true }),
      });
      const files = pushed.files.map(({ path, bytes }) => `${path} (${fileSize(bytes)})`).join(', ');
      const readers = pushed.timm ? 'cnnzoo and timm open it' : 'cnnzoo opens it; timm does not have this network';
      return { text: `${pushed.url}: ${files}\n${readers}`, data: { type: 'result', ...pushed } };
    } finally {
      await classifier.dispose();
    }
  },
});
