import { writeFile } from 'node:fs/promises';
import { choice, command, flag, numeric, optional, text } from '../command.js';
import { checkParent } from '../export/export-model.js';
import { fileSize, grouped } from '../numbers.js';
import { openClassifier, sourceOptions } from '../open-classifier.js';

const { model: _, ...otherSources } = sourceOptions;

export const quantizeCommand = command({
  name: 'quantize',
  summary: 'a classifier in int8: a quarter of the size, and faster',
  details:
    'Calibrates a classifier on images like those of its use and writes it as an ONNX file of 8-bit integers, which predict, evaluate and serve take as --model, and any onnxruntime. With --test, both are evaluated on labelled images, and a table says what it costs; --sensitivity says so for each layer, and --max-loss leaves the layers in float that cost too much.',
  examples: [
    'cnnzoo quantize pets-classifier --data pets --out pets-int8.onnx',
    'cnnzoo quantize resnet50.IMAGENET1K_V2 --data imagenet/train --test imagenet/val',
    'cnnzoo quantize pets-classifier --data pets --test pets-test --max-loss 0.5',
  ],
  args: {
    model: optional('a folder that cnnzoo train has saved, a published set, a repository of the hub, or an .onnx file'),
  },
  options: {
    ...otherSources,
    data: text('place', 'images for calibration: a folder with a folder for each class, an archive of one, or shards'),
    out: text('file', 'the ONNX file; default: NAME-int8.onnx'),
    test: text('place', 'labelled images on which both are compared'),
    images: numeric('number', 'how many images are taken for calibration; default: 500', { least: 1 }),
    method: choice('name', 'how ranges follow from the images; default: percentile', [
      'minmax',
      'entropy',
      'percentile',
    ]),
    weights: choice('bits', 'default: int8 where this processor is exact with it, else int7', ['int8', 'int7']),
    equalize: flag('scale channels between layers so that their weights have the same range'),
    correctBias: flag('correct biases by what rounding shifts the means; reads the images twice'),
    exclude: text('layers', 'names of layers that stay in float, separated by commas'),
    maxLoss: numeric(
      'points',
      'accuracy that may be lost on --test: the layers that cost most stay in float until no more is',
      {
        least: 0,
        whole: false,
      },
    ),
    sensitivity: text('file', 'say what each layer costs alone on images of --test, and draw it as an SVG file'),
  },
  async run({ args: { model: named }, options, output }) {
    const {
      data,
      test,
      images = 500,
      method = 'percentile',
      weights,
      exclude,
      equalize = false,
      correctBias = false,
      maxLoss,
      sensitivity,
      ...others
    } = options;
    const place = named ?? 'resnet18.DEFAULT';
    if (data === undefined) throw new TypeError('--data must be images for calibration, such as those of training');
    const ofTest = maxLoss !== undefined ? 'max-loss' : sensitivity !== undefined ? 'sensitivity' : undefined;
    if (ofTest !== undefined && test === undefined)
      throw new TypeError(`--${ofTest} is measured on labelled images: name them with --test`);
    const out = options.out ?? `${baseName(place)}-int8.onnx`;
    await checkParent(out);
    if (sensitivity !== undefined) await checkParent(sensitivity);
    const source = { ...others, model: place };
    const classifier = await openClassifier(source);
    try {
      const [int8, { calibrationBatches, testBatches }] = await Promise.all([
        import('@cnnzoo/quantize'),
        import('../quantization/calibration-batches.js'),
      ]);
      const network = /\.onnx$/i.test(place) ? place : classifier.model;
      const { cropSize } = classifier.network.preprocessing;
      const how = {
        method,
        ...(weights !== undefined && { weights }),
        ...(exclude !== undefined && { exclude: exclude.split(',') }),
        ...{ equalize, correctBias },
        inputShape: [cropSize, cropSize, classifier.network.inputShape[2]],
      };
      const calibration = () =>
        calibrationBatches(classifier, data, images, (done) =>
          output.overwrite(done === images ? '' : `${grouped(done)} of ${grouped(images)} images`),
        );
      const quantized = await int8.quantize(network, calibration, {
        ...how,
        ...(maxLoss !== undefined && test !== undefined && { maxLoss, test: testBatches(classifier, test) }),
      });
      output.overwrite('');
      await quantized.save(out);
      const { facts } = quantized;
      const size = quantized.model.length;
      const line = [
        `${out}: ${fileSize(size)}, weights of ${facts.weights}, ranges by ${facts.method}`,
        ...(facts.excluded.length > 0 ? [`in float: ${facts.excluded.join(', ')}`] : []),
      ].join('\n');
      if (test === undefined) return { text: line, data: { type: 'result', file: out, bytes: size, ...facts } };
      const { compareClassifiers } = await import('../quantization/compare-classifiers.js');
      const float = { float: classifier, floatFile: typeof network === 'string' ? network : null };
      const compared = await compareClassifiers(float, { file: out, source: others }, test);
      const result = { type: 'result', file: out, bytes: size, ...facts, ...compared.data };
      const text = `${line}\n\n${compared.text(output)}`;
      if (sensitivity === undefined) return { text, data: result };
      const report = await int8.sensitivity(
        network,
        { calibration, test: testBatches(classifier, test, images) },
        { ...how, onProgress: (done, all) => output.overwrite(done === all ? '' : `${done} of ${all} layers`) },
      );
      output.overwrite('');
      await writeFile(sensitivity, int8.drawSensitivity(report));
      return {
        text: `${text}\n\n${int8.formatSensitivity(report)}\n\n${sensitivity}`,
        data: { ...result, sensitivity: report },
      };
    } finally {
      await classifier.dispose();
    }
  },
});

function baseName(place: string): string {
  return (
    place
      .split(/[\\/:]/)
      .filter(Boolean)
      .at(-1)
      ?.replace(/\.onnx$/i, '') ?? 'model'
  );
}
