/** Writes the JSON schema that the package ships: `pnpm --filter cnnzoo exec tsx src/command-line/make-run-schema.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runSchema } from './run-file.js';
import { trainOptions } from './training/train-options.js';

const folder = fileURLToPath(new URL('schema', import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/run.schema.json`, `${JSON.stringify(runSchema(trainOptions), null, 2)}\n`);
