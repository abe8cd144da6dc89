/** `import '@cnnzoo/blocks/register'`: saved models with this package's layers can be loaded from here on. */
import { registerLayers } from './layers/register-layers.js';

registerLayers();
