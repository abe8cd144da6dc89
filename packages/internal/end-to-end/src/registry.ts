/** A registry on this machine that has our packages, and passes every other request on to the registry of npm's own settings. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runServer } from 'verdaccio';
import { type LocalServer, listen } from './local-server.js';

/** What npm on this machine is set to, null where it is not. */
function npmSetting(name: string): string | null {
  const value = execFileSync('npm', ['config', 'get', name], {
    encoding: 'utf8',
    // Not to this process's: started by pnpm, npm warns of every setting that is not its own.
    stdio: 'pipe',
    shell: process.platform === 'win32',
  }).trim();
  return value === '' || value === 'null' || value === 'undefined' ? null : value;
}

/**
 * Starts the registry in this process.
 * @param folder where packages are kept; empty at first
 */
export async function startRegistry(folder: string): Promise<LocalServer> {
  const upstream = npmSetting('registry');
  if (upstream === null) throw new Error('npm config get registry prints nothing, expected the URL of a registry');
  const cafile = npmSetting('cafile');
  mkdirSync(folder, { recursive: true });
  const anyone = { access: '$all', publish: '$all', unpublish: '$all' };
  // biome-ignore lint/suspicious/noExplicitAny: verdaccio's own type of this argument lacks most of what it reads.
  const settings: any = {
    self_path: join(folder, 'verdaccio.json'),
    storage: join(folder, 'storage'),
    auth: { htpasswd: { file: join(folder, 'htpasswd'), max_users: -1 } },
    uplinks: {
      upstream: {
        url: upstream,
        timeout: '60s',
        maxage: '1h',
        max_fails: 100,
        fail_timeout: '1s',
        ...(cafile === null ? {} : { ca: readFileSync(cafile, 'utf8') }),
      },
    },
    packages: {
      // Ours are never asked for elsewhere.
      '@cnnzoo/*': anyone,
      cnnzoo: anyone,
      // What somebody publishes who has made a network.
      '@ada/*': anyone,
      '**': { access: '$all', publish: '$authenticated', proxy: 'upstream' },
    },
    publish: { allow_offline: true },
    max_body_size: '100mb',
    log: { type: 'file', path: join(folder, 'verdaccio.log'), level: 'http' },
    web: { enable: false },
    server: { keepAliveTimeout: 60 },
  };
  return listen(await runServer(settings));
}
