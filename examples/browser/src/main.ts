/** The page: loads a network, classifies the camera or an image, and teaches it classes of the user's. */
import { getBackend } from '@tensorflow/tfjs-core';
import type { ImageClassifier } from 'cnnzoo';
import { startCamera, stopCamera } from './camera.js';
import { classList } from './classes.js';
import { byId, element } from './elements.js';
import { type Taught, trainHead } from './head.js';
import { copyOf, drawFile, drawFrame, type StageImage } from './images.js';
import { loadNetwork, type NetworkName, networks } from './network.js';

const networkSelect = byId('network', HTMLSelectElement);
const loadButton = byId('load', HTMLButtonElement);
const weightsFile = byId('weights-file', HTMLInputElement);
const download = byId('download', HTMLProgressElement);
const networkStatus = byId('network-status', HTMLElement);
const stage = byId('stage', HTMLElement);
const video = byId('camera', HTMLVideoElement);
const canvas = byId('image', HTMLCanvasElement);
const hint = byId('hint', HTMLElement);
const cameraButton = byId('camera-button', HTMLButtonElement);
const imageFile = byId('image-file', HTMLInputElement);
const imageStatus = byId('image-status', HTMLElement);
const heads = byId('heads', HTMLElement);
const answer = byId('answer', HTMLElement);
const speed = byId('speed', HTMLElement);
const trainButton = byId('train', HTMLButtonElement);
const training = byId('training', HTMLProgressElement);
const trainingStatus = byId('training-status', HTMLElement);

let loaded: { readonly name: NetworkName; readonly classifier: ImageClassifier } | null = null;
let taught: Taught | null = null;
/** What is on the stage. */
let current: StageImage | null = null;
/** Whether the network is exchanged or learns. */
let busy = false;
/** The end of what uses the network now: one after the other, be it the camera's next frame or training. */
let turn: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
}

function say(status: HTMLElement, text: string): void {
  status.textContent = text;
  status.classList.remove('wrong');
}

/** Runs what may fail, and says why it did. */
async function saying(status: HTMLElement, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    status.textContent = error instanceof Error ? error.message : String(error);
    status.classList.add('wrong');
  }
}

const chosenNetwork = (): NetworkName => networkSelect.value as NetworkName;

function load(file: File | null): Promise<void> {
  return saying(networkStatus, async () => {
    if (busy) return;
    busy = true;
    offer();
    download.hidden = false;
    try {
      const name = chosenNetwork();
      say(networkStatus, 'loading …');
      const classifier = await loadNetwork(name, file, (received, total) => {
        download.value = total === null ? 0 : received / total;
        const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
        say(networkStatus, `${megabytes(received)} of ${total === null ? '?' : megabytes(total)} MB`);
      });
      await inTurn(async () => {
        forget();
        await loaded?.classifier.dispose();
        loaded = { name, classifier };
      });
      const { length } = classifier.categories;
      say(networkStatus, `${name} with ${length} classes, on ${getBackend()}`);
    } finally {
      busy = false;
      download.hidden = true;
      offer();
    }
    await classifyCurrent();
  });
}

/** Drops what was taught to a network that is no longer there. */
function forget(): void {
  taught?.dispose();
  taught = null;
  heads.hidden = true;
}

function asked(): ImageClassifier | null {
  const chosen = heads.querySelector<HTMLInputElement>('input:checked')?.value;
  return chosen === 'taught' && taught !== null ? taught.classifier : (loaded?.classifier ?? null);
}

function classifyCurrent(): Promise<void> {
  return inTurn(async () => {
    const classifier = asked();
    if (classifier === null || current === null) return;
    const from = performance.now();
    const predictions = await classifier.classify(current);
    speed.textContent = `${Math.round(performance.now() - from)} ms`;
    answer.replaceChildren(
      ...predictions.map(({ category, probability }) => {
        const percent = `${(100 * probability).toFixed(1)} %`;
        const figures = [category, percent].map((textContent) => element('span', { textContent }));
        const row = element('li', {}, ...figures);
        row.style.setProperty('--share', percent.replace(' ', ''));
        return row;
      }),
    );
  });
}

function show(image: StageImage): void {
  current = image;
  stage.classList.remove('empty');
  hint.hidden = true;
  video.hidden = image !== video;
  canvas.hidden = image !== canvas;
  offer();
}

async function watchCamera(): Promise<void> {
  while (current === video && video.srcObject !== null) {
    await classifyCurrent();
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
}

function endCamera(): void {
  stopCamera(video);
  cameraButton.textContent = 'Start camera';
}

function showFile(file: Blob | undefined): Promise<void> {
  return saying(imageStatus, async () => {
    if (file === undefined) return;
    say(imageStatus, '');
    await drawFile(file, canvas).catch((cause: unknown) => {
      throw new Error('this browser cannot show that file as an image', { cause });
    });
    endCamera();
    show(canvas);
    // What was said of another image.
    answer.replaceChildren();
    await classifyCurrent();
  });
}

async function readExamples(files: readonly File[]): Promise<ImageData[]> {
  const examples: ImageData[] = [];
  await saying(trainingStatus, async () => {
    for (const file of files) {
      const target = document.createElement('canvas');
      await drawFile(file, target).catch((cause: unknown) => {
        throw new Error(`${file.name}: this browser cannot show it as an image`, { cause });
      });
      examples.push(copyOf(target));
    }
  });
  return examples;
}

const { classes, add } = classList(byId('classes', HTMLElement), {
  currentImage: () => (current === null ? null : copyOf(current)),
  read: readExamples,
  onChange: () => offer(),
});

/** Enables what can be done now. */
function offer(): void {
  loadButton.disabled = busy || networks[chosenNetwork()].weights === null;
  trainButton.disabled =
    busy ||
    loaded === null ||
    classes.length < 2 ||
    classes.some(({ name, examples }) => name === '' || examples.length === 0);
}

function teach(): Promise<void> {
  return saying(trainingStatus, async () => {
    if (loaded === null || busy) return;
    const { name, classifier } = loaded;
    busy = true;
    offer();
    training.hidden = false;
    try {
      await inTurn(async () => {
        const made = await trainHead(
          classifier.model,
          classes.flatMap(({ examples }, label) => examples.map((image) => ({ image, label }))),
          {
            categories: classes.map((each) => each.name),
            features: networks[name].features,
            onProgress: (share, text) => {
              training.value = share;
              say(trainingStatus, text);
            },
          },
        );
        forget();
        taught = made;
        heads.hidden = false;
      });
      const choice = heads.querySelector<HTMLInputElement>('input[value="taught"]');
      if (choice !== null) choice.checked = true;
    } finally {
      busy = false;
      training.hidden = true;
      offer();
    }
    await classifyCurrent();
  });
}

for (const [name, { title }] of Object.entries(networks))
  networkSelect.append(element('option', { value: name, textContent: title }));
networkSelect.addEventListener('change', offer);
loadButton.addEventListener('click', () => load(null));
weightsFile.addEventListener('change', () => {
  const [file] = weightsFile.files ?? [];
  weightsFile.value = '';
  if (file !== undefined) load(file);
});
imageFile.addEventListener('change', () => {
  const [file] = imageFile.files ?? [];
  imageFile.value = '';
  showFile(file);
});
cameraButton.addEventListener('click', () =>
  saying(imageStatus, async () => {
    say(imageStatus, '');
    if (video.srcObject !== null) {
      // The last frame stays.
      drawFrame(video, canvas);
      endCamera();
      return show(canvas);
    }
    await startCamera(video);
    cameraButton.textContent = 'Stop camera';
    show(video);
    await watchCamera();
  }),
);
stage.addEventListener('dragover', (event) => {
  event.preventDefault();
  stage.classList.add('over');
});
stage.addEventListener('dragleave', () => stage.classList.remove('over'));
stage.addEventListener('drop', (event) => {
  event.preventDefault();
  stage.classList.remove('over');
  showFile(event.dataTransfer?.files[0]);
});
heads.addEventListener('change', classifyCurrent);
byId('add-class', HTMLButtonElement).addEventListener('click', add);
trainButton.addEventListener('click', teach);
add();
add();
offer();
