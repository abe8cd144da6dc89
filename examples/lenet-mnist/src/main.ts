/** Trains LeNet-5 on all of MNIST and tests it: `npm run demo` at the root of the repository. */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { useBackend } from '@cnnzoo/backend-node';
import { DataLoader, fashionMnist, mnist } from '@cnnzoo/data';
import { evaluate, mostConfused, singleCrop } from '@cnnzoo/evaluate';
import { lenet5 } from '@cnnzoo/lenet';
import { train } from '@cnnzoo/train';
import { stateDict, writeSafetensors } from '@cnnzoo/weights';
import { readArguments, usage } from './arguments.js';
import { progress } from './progress.js';
import { recipe } from './recipe.js';
import { showDigits } from './show-digits.js';

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

async function main(): Promise<number> {
  const { resume, epochs, seed, data, fashion, folder, help } = readArguments(process.argv.slice(2), recipe.epochs);
  if (help) {
    console.log(usage);
    return 0;
  }
  const read = fashion ? fashionMnist : mnist;
  const training = await read(data, { split: 'train' });
  const test = await read(data, { split: 'test' });
  const { backend, device } = await useBackend();
  const model = lenet5({ numClasses: training.categories.length, seed });
  const { batchSize, transform, optimizer, schedule } = recipe;
  console.log(
    `LeNet-5, ${model.countParams().toLocaleString('en')} parameters, on ${fashion ? 'Fashion-MNIST' : 'MNIST'}: ${training.length.toLocaleString('en')} images to train, ` +
      `${test.length.toLocaleString('en')} to test; computing with ${backend} on ${device}`,
  );

  const checkpoints = join(folder, 'checkpoints');
  if (!resume) await rm(checkpoints, { recursive: true, force: true });
  const loader = new DataLoader(training, { batchSize, shuffle: true, seed, transform });
  const history = await train(model, loader, {
    epochs,
    optimizer: optimizer(),
    schedule,
    checkpoint: { folder: checkpoints },
    resume,
    onEvent: progress(training.length),
  });
  if (history.interrupted !== null) {
    console.log(`stopped after step ${history.step}, checkpoint written to ${history.checkpoint}`);
    console.log('continue with: npm run demo -- --resume');
    return exitCodes[history.interrupted === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'];
  }

  const protocol = singleCrop({ transform });
  const report = await evaluate(model, test, { protocol });
  console.log(`\ntest accuracy ${(100 * report.top1).toFixed(2)} % of ${report.count.toLocaleString('en')} images`);
  console.log('most confused:');
  for (const { category, takenFor, count } of mostConfused(report, 5))
    console.log(`  ${category} taken for ${takenFor}: ${count} times`);
  console.log(`\n${await showDigits(model, test, protocol)}`);

  const file = join(folder, 'lenet5.safetensors');
  await mkdir(folder, { recursive: true });
  await writeFile(`${file}.part`, writeSafetensors(stateDict(model), { format: 'pt' }));
  await rename(`${file}.part`, file);
  console.log(`model saved to ${file}`);
  return 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
    process.exit(1);
  },
);
