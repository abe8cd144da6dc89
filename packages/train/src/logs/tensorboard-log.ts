import { check, string } from '@cnnzoo/checks';
import { nodeModule } from '@cnnzoo/files';
import { type TrainEvent, trainEvent } from '../loop/events.js';
import { maskedCrc32c } from './crc32c.js';
import { type Scalar, scalarsOf } from './scalars.js';

/**
 * Writes what `train` tells to an event file that TensorBoard opens: loss, accuracy, learning rate and gradient norm of each step,
 * and the means of each epoch in training and validation.
 * @param folder where the file is made; one folder a run
 * @returns a listener for `onEvent`. Each event is in the file when it returns
 * @example
 * import { tensorboardLog } from '@cnnzoo/train';
 *
 * const onEvent = tensorboardLog('runs/lenet/tensorboard'); // then: tensorboard --logdir runs/lenet/tensorboard
 */
export function tensorboardLog(folder: string): (event: TrainEvent) => void {
  check('folder', folder, string('the path of a folder'));
  const { appendFileSync, mkdirSync } = nodeModule('node:fs');
  const { join } = nodeModule('node:path');
  const { hostname } = nodeModule('node:os');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `events.out.tfevents.${Date.now()}.${hostname()}.${process.pid}`);
  appendFileSync(file, record(versionEvent()));
  return (event) => {
    check('event', event, trainEvent);
    const scalars = scalarsOf(event);
    if ('step' in event && scalars.length > 0) appendFileSync(file, record(scalarEvent(event.step, scalars)));
  };
}

/** TFRecord: length as uint64, its masked CRC-32C, the data, its masked CRC-32C; all little-endian. */
function record(data: Buffer): Buffer {
  const framed = Buffer.alloc(data.length + 16);
  framed.writeBigUInt64LE(BigInt(data.length), 0);
  framed.writeUInt32LE(maskedCrc32c(framed.subarray(0, 8)), 8);
  data.copy(framed, 12);
  framed.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return framed;
}

// TensorFlow's event.proto and summary.proto, the few fields that scalars need, in protocol-buffer encoding:
// Event { 1: double wall_time, 2: int64 step, 3: string file_version, 5: Summary summary }
// Summary { 1: repeated Value { 1: string tag, 2: float simple_value } }

function versionEvent(): Buffer {
  return Buffer.concat([wallTime(), bytesField(3, Buffer.from('brain.Event:2'))]);
}

function scalarEvent(step: number, scalars: readonly Scalar[]): Buffer {
  const values = scalars.map(([tag, value]) => {
    const float = Buffer.alloc(4);
    float.writeFloatLE(value);
    return bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), key(2, 5), float]));
  });
  return Buffer.concat([wallTime(), key(2, 0), varint(step), bytesField(5, Buffer.concat(values))]);
}

function wallTime(): Buffer {
  const double = Buffer.alloc(8);
  double.writeDoubleLE(Date.now() / 1000);
  return Buffer.concat([key(1, 1), double]);
}

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([key(field, 2), varint(bytes.length), bytes]);
}

function key(field: number, wireType: number): Buffer {
  return varint(field * 8 + wireType);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
