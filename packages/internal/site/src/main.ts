/** `tsx src/main.ts build|dev [--base /PATH/] [--older-versions]`: the site into dist/, or a server that shows changes at once. */
import { watch } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { root } from '@cnnzoo/tooling/published-packages';
import { build, createServer } from 'vitepress';
import { deadAnchors } from './content/anchors.js';
import { skippedHeadings } from './content/heading-order.js';
import { addOlderVersions } from './content/older-versions.js';
import { siteVersion } from './content/site-version.js';
import { packagesVersion, writeVersions } from './content/versions.js';
import { writeDigits } from './content/write-digits.js';
import { writeNetworks } from './content/write-networks.js';
import { writePages } from './content/write-pages.js';
import { writeReference } from './content/write-reference.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { base: { type: 'string', default: '/' }, 'older-versions': { type: 'boolean', default: false } },
});
const [task = 'build'] = positionals;
const { base } = values;
if (!/^\/(?:.*\/)?$/.test(base))
  throw new RangeError(`--base must start and end with /, such as /cnnzoo/, got ${base}`);

const site = fileURLToPath(new URL('..', import.meta.url));
writePages();
writeNetworks();
const version = siteVersion(packagesVersion(), base);
await writeReference(version);
await writeDigits();
if (task === 'dev') {
  const server = await createServer(site, { base });
  await server.listen();
  server.printUrls();
  for (const folder of [join(root, 'docs'), join(site, 'pages')])
    watch(folder, { recursive: true }, () => writePages());
} else {
  await build(site, { base });
  const built = join(site, 'dist');
  writeVersions(built, [version]);
  const dead = deadAnchors(built, base);
  if (dead.length > 0) throw new Error(`links lead to no heading:\n${dead.join('\n')}`);
  const skipped = skippedHeadings(built);
  if (skipped.length > 0) throw new Error(`headings leave out a level:\n${skipped.join('\n')}`);
  if (values['older-versions']) addOlderVersions(built, base);
}
