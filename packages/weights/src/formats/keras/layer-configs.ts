import { type Budget, isRecord, parseJson } from '@cnnzoo/files';

/** What config.json of a .keras archive says about a layer. */
export interface LayerConfig {
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Layers by their place in the file. Keras 3 files call a layer by its class in snake case and a number, counted in the order
 * of the model's layers: conv2d, conv2d_1, …; files since 2025 also have the layer's name.
 */
export function layerConfigs(json: Uint8Array, budget: Budget): ReadonlyMap<string, LayerConfig> {
  const layers = member(member(parseJson(json, 'config.json', budget), 'config'), 'layers');
  const places = new Map<string, LayerConfig>();
  const counts = new Map<string, number>();
  for (const layer of Array.isArray(layers) ? layers : []) {
    budget.entries(1);
    const className = member(layer, 'class_name');
    if (typeof className !== 'string') throw new TypeError('config.json has a layer without a class');
    const config = member(layer, 'config');
    const snake = snakeCase(className);
    const count = counts.get(snake) ?? 0;
    counts.set(snake, count + 1);
    const place = count === 0 ? snake : `${snake}_${count}`;
    const name = member(config, 'name') ?? member(layer, 'name');
    places.set(place, {
      name: typeof name === 'string' ? name : place,
      className,
      config: isRecord(config) ? config : {},
    });
  }
  return places;
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** Keras's own rule: Conv2D is conv2d, BatchNormalization is batch_normalization. */
function snakeCase(className: string): string {
  return className
    .replaceAll(/\W+/g, '')
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
