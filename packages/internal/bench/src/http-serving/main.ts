/**
 * Serving over HTTP: `pnpm --filter @cnnzoo/bench http-serving WHAT [NETWORK] [SECONDS] [PEER]`, where WHAT is `throughput`, `soak`, `overload` or
 * `replacement`. PEER is the address of another server with `POST /classify`: `python_server.py` is one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { registerOnnxBackend } from '@cnnzoo/backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { createModel, imageClassifier, type ModelId } from 'cnnzoo';
import sharp from 'sharp';
import { overload, replacement, soak } from './load.js';
import { throughput } from './throughput.js';

const [what, network = 'resnet50', length = '10', peer] = process.argv.slice(2);
const seconds = Number(length);
registerOnnxBackend();
await tf.setBackend('onnx');
const classifier = imageClassifier(createModel(network as ModelId));
const { model } = classifier;
const { preprocessing } = classifier.network;
const folder = mkdtempSync(join(tmpdir(), 'cnnzoo-serving-'));
await classifier.save(join(folder, network));
const photo = fileURLToPath(new URL('../../../../transforms/src/fixtures/photo.png', import.meta.url));
const jpeg = await sharp(photo).resize(500, 375).jpeg({ quality: 90 }).toBuffer();

if (what === 'throughput')
  await throughput({
    folder: join(folder, network),
    model,
    preprocessing,
    jpeg,
    batch: 8,
    seconds,
    rounds: 3,
    peer: peer === undefined ? null : new URL(peer),
  });
else if (what === 'soak') await soak({ folder: join(folder, network), model, seconds });
else if (what === 'overload') await overload({ folder: join(folder, network), model, seconds });
else if (what === 'replacement') await replacement({ folder: join(folder, network), model, seconds });
else throw new RangeError(`what must be throughput, soak, overload or replacement, got ${what}`);
await classifier.dispose();
rmSync(folder, { recursive: true });
