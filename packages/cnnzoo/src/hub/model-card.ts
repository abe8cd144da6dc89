/** The README.md of a repository on Hugging Face's hub: what the network is, how good it is, and how it is used. */
import { type EvaluationReport, reportToMarkdown } from '@cnnzoo/evaluate';
import { readMetadata } from '@cnnzoo/metadata';
import type { ImageClassifier } from '../classifier/classifier.js';
import type { TrainingFacts } from '../classifier/training-facts.js';

interface CardFacts {
  /** Owner and name. */
  readonly repository: string;
  readonly classifier: ImageClassifier;
  readonly report: EvaluationReport | null;
  /** Whether timm opens it. */
  readonly timm: boolean;
}

/** The hub's identifiers of licences that weights of these networks have. */
const licences: ReadonlySet<string> = new Set([
  'apache-2.0',
  'mit',
  'bsd-2-clause',
  'bsd-3-clause',
  'cc-by-4.0',
  'cc-by-nc-4.0',
  'cc-by-sa-4.0',
  'cc0-1.0',
  'openrail',
]);

export async function modelCard({ repository, classifier, report, timm }: CardFacts): Promise<string> {
  const { model, categories, training } = classifier;
  const { id = model.name, licence } = readMetadata(model);
  const [, name = repository] = repository.split('/');
  const { stringify } = await import('yaml');
  const known = licence === undefined ? undefined : licence.toLowerCase();
  const head = {
    ...(licence !== undefined &&
      (known !== undefined && licences.has(known) ? { license: known } : { license: 'other', license_name: licence })),
    library_name: timm ? 'timm' : 'cnnzoo',
    pipeline_tag: 'image-classification',
    tags: ['image-classification', 'cnnzoo', ...(timm ? ['timm'] : [])],
    ...(report !== null && { 'model-index': [{ name, results: [resultOf(report)] }] }),
  };
  return [
    `---\n${stringify(head)}---\n`,
    `# ${name}\n`,
    `${id} that tells ${categories.length} classes of images apart: ${listed(categories)}.\n`,
    usage(repository, timm),
    ...(report === null ? [] : [`## Evaluation\n\n${nested(reportToMarkdown(report))}`]),
    ...(training === null ? [] : [trainingPart(training)]),
    ...(licence === undefined ? [] : [`## Licence\n\nThe weights that training began with: ${licence}.\n`]),
  ].join('\n');
}

function resultOf({ top1, averages, count, protocol }: EvaluationReport): object {
  return {
    task: { type: 'image-classification' },
    dataset: { name: `${count} images, ${protocol}`, type: 'imagefolder' },
    metrics: [
      { type: 'accuracy', value: top1 },
      { type: 'f1', name: 'macro F1', value: averages.macro.f1 },
    ],
  };
}

function usage(repository: string, timm: boolean): string {
  const python = `
\`\`\`python
import timm

model = timm.create_model('hf-hub:${repository}', pretrained=True).eval()
transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
logits = model(transform(image).unsqueeze(0))
\`\`\`
`;
  return `## Use

\`\`\`ts
import { loadClassifier } from 'cnnzoo';

const classifier = await loadClassifier('hf-hub:${repository}');
console.log(await classifier.classify('image.jpg'));
\`\`\`
${timm ? python : ''}`;
}

function trainingPart({
  weights,
  images,
  epochs,
  frozenEpochs,
  batchSize,
  learningRate,
  seed,
  history,
}: TrainingFacts): string {
  const last = history.at(-1)?.validation;
  const lines = [
    `- began with ${weights === null ? 'random weights' : `the weights ${weights}`}`,
    `- ${images.training} images, ${images.validation} more for validation`,
    `- ${epochs} epochs in batches of ${batchSize}; in the first ${frozenEpochs} only the head learned`,
    `- AdamW at a learning rate of ${learningRate}, ten times that for the head; seed ${seed}`,
    ...(last === undefined ? [] : [`- accuracy on the images for validation: ${(100 * last.accuracy).toFixed(1)} %`]),
  ];
  return `## Training\n\n${lines.join('\n')}\n`;
}

/** The report's headings two levels lower: the card has one title. */
function nested(markdown: string): string {
  return markdown.replaceAll(/^#(?=#* )/gm, '###');
}

/** The first twenty of many. */
function listed(categories: readonly string[]): string {
  const shown = categories.slice(0, 20).map((name) => name.replaceAll(/[\\`*_<>[\]|]/g, '\\$&'));
  return categories.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}
