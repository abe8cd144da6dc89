import type { TrainEvent } from '@cnnzoo/train';
import { Presets, SingleBar } from 'cli-progress';

/** Draws the events of a training run: a bar on a terminal, ten lines an epoch elsewhere. */
export function progress(totalImages: number): (event: TrainEvent) => void {
  let epochs = 0;
  let batches = 0;
  let bar: SingleBar | null = null;
  const rate = movingRate();

  return (event) => {
    if (event.type === 'start') {
      epochs = event.epochs;
      batches = event.batchesPerEpoch;
    } else if (event.type === 'step') {
      rate.add(event.count, event.milliseconds);
      const left = (epochs - event.epoch) * totalImages - (event.batch / batches) * totalImages;
      const texts = {
        epoch: `epoch ${event.epoch + 1}/${epochs}`,
        loss: event.epochLoss.toFixed(4),
        accuracy: `${(100 * event.epochAccuracy).toFixed(2)} %`,
        rate: Math.round(rate.perSecond()).toLocaleString('en'),
        left: minutes(left / rate.perSecond()),
      };
      if (process.stdout.isTTY) {
        bar ??= startBar(batches, texts);
        bar.update(event.batch, texts);
      } else if (event.batch % Math.ceil(batches / 10) === 0) console.log(line(texts, event.batch, batches));
    } else if (event.type === 'epoch' || event.type === 'interrupted') {
      bar?.stop();
      bar = null;
      if (event.type === 'epoch')
        console.log(
          `epoch ${event.epoch + 1}/${epochs}: loss ${event.loss.toFixed(4)}, accuracy ${(100 * event.accuracy).toFixed(2)} % of the training images, ${event.seconds.toFixed(1)} s`,
        );
    }
  };
}

type Texts = Record<'epoch' | 'loss' | 'accuracy' | 'rate' | 'left', string>;

function startBar(batches: number, texts: Texts): SingleBar {
  const format = '{epoch} {bar} {percentage} % | loss {loss} | accuracy {accuracy} | {rate} images/s | {left} left';
  const bar = new SingleBar({ format, barsize: 20, hideCursor: true, stopOnComplete: false }, Presets.shades_classic);
  bar.start(batches, 0, texts);
  return bar;
}

function line({ epoch, loss, accuracy, rate, left }: Texts, batch: number, batches: number): string {
  return `${epoch} ${Math.round((100 * batch) / batches)} %: loss ${loss}, accuracy ${accuracy}, ${rate} images/s, ${left} left`;
}

/** Images a second over the last steps: the first ones, which compile, are soon forgotten. */
function movingRate(): { add(count: number, milliseconds: number): void; perSecond(): number } {
  const steps: { count: number; milliseconds: number }[] = [];
  return {
    add(count, milliseconds) {
      steps.push({ count, milliseconds });
      if (steps.length > 50) steps.shift();
    },
    perSecond() {
      const count = steps.reduce((sum, step) => sum + step.count, 0);
      return (1000 * count) / steps.reduce((sum, step) => sum + step.milliseconds, 0);
    },
  };
}

function minutes(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
