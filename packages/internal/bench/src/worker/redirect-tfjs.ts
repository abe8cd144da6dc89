/**
 * A module hook that takes all of tfjs from another folder: tfjs-node brings its own copy of tfjs-core and tfjs-layers, and the
 * networks must be built with that one.
 */
import type { InitializeHook, ResolveHook } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

let parentURL: string | undefined;

export const initialize: InitializeHook<string> = (directory) => {
  parentURL = pathToFileURL(join(directory, 'package.json')).href;
};

export const resolve: ResolveHook = (specifier, context, nextResolve) =>
  nextResolve(specifier, specifier.startsWith('@tensorflow/') ? { ...context, parentURL } : context);
