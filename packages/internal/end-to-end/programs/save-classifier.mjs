// Saves a classifier whose network has activation maps: node save-classifier.mjs FOLDER
import { createModel, imageClassifier, useBackend } from 'cnnzoo';

await useBackend();
const classifier = imageClassifier(createModel('cifar_resnet20', { seed: 1 }));
await classifier.save(process.argv[2]);
await classifier.dispose();
