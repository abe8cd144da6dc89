/**
 * Teaches a trained ResNet-20 a new task, animal or vehicle, in less than two minutes: its layers are frozen, only a new head is
 * trained. `npm start -- --data cifar10.zip --weights resnet20.th [--images 2000]`
 */
import { parseArgs } from 'node:util';
import { useBackend } from '@cnnzoo/backend-node';
import { DataLoader, type Dataset, imageFolder, subset } from '@cnnzoo/data';
import { evaluate, singleCrop } from '@cnnzoo/evaluate';
import { cifarResnet } from '@cnnzoo/resnet';
import { adamw, freezeLayers, train } from '@cnnzoo/train';
import { compose, normalize, toTensor } from '@cnnzoo/transforms';
import { loadStateDict, readTorch } from '@cnnzoo/weights';

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    weights: { type: 'string' },
    images: { type: 'string', default: '2000' },
  },
});
if (values.data === undefined || values.weights === undefined)
  throw new TypeError(
    '--data (a folder or archive with train/CLASS and test/CLASS) and --weights (resnet20.th) are needed',
  );

const vehicles = ['airplane', 'automobile', 'ship', 'truck'];

/** The same images with two classes: 0 animal, 1 vehicle. */
function animalOrVehicle(dataset: Dataset): Dataset {
  return {
    length: dataset.length,
    categories: ['animal', 'vehicle'],
    async get(index) {
      const { image, label } = await dataset.get(index);
      return { image, label: vehicles.includes(dataset.categories[label] ?? '') ? 1 : 0 };
    },
  };
}

/** So many images, evenly from all over the data set, which is sorted by class. */
function some(dataset: Dataset, count: number): Dataset {
  return subset(
    dataset,
    Array.from({ length: count }, (_, i) => Math.floor((i * dataset.length) / count)),
  );
}

const started = performance.now();
await useBackend();
const count = Number(values.images);
const training = animalOrVehicle(some(await imageFolder(values.data, { root: 'train' }), count));
const test = animalOrVehicle(some(await imageFolder(values.data, { root: 'test' }), count));

const model = cifarResnet({ depth: 20, numClasses: 2, seed: 1 });
// The head, 10 classes there and 2 here, stays as it is.
const { mismatched } = loadStateDict(model, await readTorch(values.weights), { ignoreMismatchedShapes: true });
freezeLayers(model, ['conv1', 'bn1', 'layer1', 'layer2', 'layer3']);
console.log(
  `new: ${mismatched.join(', ')}; trained: ${model.trainableWeights.map(({ originalName }) => originalName).join(', ')}`,
);

const transform = compose([toTensor(), normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])]);
const protocol = singleCrop({ transform });
const before = await evaluate(model, test, { protocol });
const loader = new DataLoader(training, { batchSize: 64, shuffle: true, seed: 1, transform });
const history = await train(model, loader, {
  epochs: 3,
  optimizer: adamw({ learningRate: 0.01 }),
  onEvent: (event) => {
    if (event.type === 'epoch')
      console.log(
        `epoch ${event.epoch + 1}: loss ${event.loss.toFixed(3)}, accuracy ${(100 * event.accuracy).toFixed(1)} %`,
      );
  },
});
if (history.interrupted !== null) process.exit(history.interrupted === 'SIGTERM' ? 143 : 130);
const after = await evaluate(model, test, { protocol });
console.log(
  `animal or vehicle: ${(100 * before.top1).toFixed(1)} % before, ${(100 * after.top1).toFixed(1)} % after, of ${after.count} test images, in ${((performance.now() - started) / 1000).toFixed(0)} s`,
);
