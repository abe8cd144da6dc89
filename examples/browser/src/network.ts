/** The networks of this page, and how their weights come. */
import { blocks, fromPretrained, type ImageClassifier, imageClassifier } from 'cnnzoo';

/** A network that the page offers. */
export interface Network {
  readonly title: string;
  /** The set that is downloaded, or null where a file has to be given. */
  readonly weights: string | null;
  /** The module before the head: its outputs are what a new head is trained on. */
  readonly features: string;
  /** Names of the classes where the weights have none. */
  readonly categories?: readonly string[];
}

export const networks = {
  resnet18: { title: 'ResNet-18, ImageNet (47 MB)', weights: 'tv_in1k', features: 'layer4' },
  cifar_resnet20: {
    title: 'ResNet-20, CIFAR-10 (from a file)',
    weights: null,
    features: 'layer3',
    categories: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  },
} as const satisfies Record<string, Network>;

export type NetworkName = keyof typeof networks;

/** Bytes that have arrived, of all, or null where the server does not say how many there are. */
export type Progress = (received: number, total: number | null) => void;

/**
 * Builds a network with its published weights, or with those of a file.
 * @throws Error where the weights cannot be had, or are none of this network
 */
export async function loadNetwork(
  name: NetworkName,
  file: File | null,
  onProgress: Progress,
): Promise<ImageClassifier> {
  const { weights, categories }: Network = networks[name];
  const source = file ?? weights;
  if (source === null) throw new Error(`${networks[name].title}: choose a file of its weights`);
  const mirror: string | undefined = import.meta.env['VITE_WEIGHTS_MIRROR'];
  const model = await fromPretrained(name, {
    weights: source,
    load: {
      ...(mirror === undefined ? {} : { mirror: new URL(mirror, location.href).href }),
      onProgress: ({ received, total }) => onProgress(received, total),
    },
  });
  if (categories !== undefined) blocks.setModelMetadata(model, { categories: [...categories] });
  return imageClassifier(model);
}
