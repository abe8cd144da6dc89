/** JSON schemas of requests and answers: Fastify validates by them, and `/openapi.json` shows them. */

const text = { type: 'string' } as const;
const integer = { type: 'integer' } as const;
const parameters = {
  type: 'object',
  additionalProperties: { type: ['string', 'number', 'boolean'] },
} as const;

export const errorSchema = {
  type: 'object',
  required: ['error'],
  properties: { error: { ...text, description: 'what is wrong, and what to do' } },
} as const;

const tensor = {
  name: text,
  datatype: text,
  shape: { type: 'array', items: integer, maxItems: 8 },
} as const;

const tensorMetadata = { type: 'object', required: ['name', 'datatype', 'shape'], properties: tensor } as const;

export const serverMetadata = {
  type: 'object',
  required: ['name', 'version', 'extensions'],
  properties: { name: text, version: text, extensions: { type: 'array', items: text } },
} as const;

export const modelMetadata = {
  type: 'object',
  required: ['name', 'versions', 'platform', 'inputs', 'outputs'],
  properties: {
    name: text,
    versions: { type: 'array', items: text },
    platform: text,
    inputs: { type: 'array', items: tensorMetadata },
    outputs: { type: 'array', items: tensorMetadata },
    parameters: {
      type: 'object',
      properties: { categories: { type: 'array', items: text } },
    },
  },
} as const;

export const live = { type: 'object', required: ['live'], properties: { live: { type: 'boolean' } } } as const;
export const ready = { type: 'object', required: ['ready'], properties: { ready: { type: 'boolean' } } } as const;
export const modelReady = {
  type: 'object',
  required: ['name', 'ready'],
  properties: { name: text, ready: { type: 'boolean' } },
} as const;

export const inferRequest = {
  type: 'object',
  required: ['inputs'],
  properties: {
    id: { ...text, maxLength: 256 },
    parameters,
    inputs: {
      type: 'array',
      minItems: 1,
      maxItems: 8,
      items: {
        type: 'object',
        required: ['name', 'datatype', 'shape'],
        properties: {
          ...tensor,
          parameters,
          data: { type: 'array', description: 'the values, flat or nested; absent where they follow as bytes' },
        },
      },
    },
    outputs: {
      type: 'array',
      maxItems: 8,
      items: { type: 'object', required: ['name'], properties: { name: text, parameters } },
    },
  },
} as const;

export const inferResponse = {
  type: 'object',
  required: ['model_name', 'model_version', 'outputs'],
  properties: {
    model_name: text,
    model_version: text,
    id: text,
    outputs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'datatype', 'shape'],
        properties: {
          ...tensor,
          parameters: { type: 'object', properties: { binary_data_size: integer } },
          data: { type: 'array', items: { type: ['number', 'string'] } },
        },
      },
    },
  },
} as const;

export const repositoryIndex = {
  type: 'array',
  items: {
    type: 'object',
    required: ['name', 'version', 'state', 'reason'],
    properties: { name: text, version: text, state: text, reason: text },
  },
} as const;

const duration = {
  type: 'object',
  required: ['count', 'ns'],
  properties: { count: integer, ns: integer },
} as const;

export const statistics = {
  type: 'object',
  required: ['model_stats'],
  properties: {
    model_stats: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'version', 'inference_count', 'execution_count', 'inference_stats'],
        properties: {
          name: text,
          version: text,
          inference_count: integer,
          execution_count: integer,
          inference_stats: {
            type: 'object',
            required: ['success', 'fail', 'queue', 'compute_infer'],
            properties: { success: duration, fail: duration, queue: duration, compute_infer: duration },
          },
        },
      },
    },
  },
} as const;

const prediction = {
  type: 'object',
  required: ['index', 'category', 'probability'],
  properties: { index: integer, category: text, probability: { type: 'number' } },
} as const;

export const classifyQuery = {
  type: 'object',
  additionalProperties: false,
  properties: {
    model: { ...text, description: 'default: the first model' },
    version: { ...text, description: 'default: the largest' },
    topK: { type: 'integer', minimum: 1, default: 5 },
    priority: { type: 'integer', minimum: 1, maximum: 9, description: '1 goes first; default 5' },
    timeout: { type: 'number', minimum: 1, maximum: 2 ** 31 - 1, description: 'milliseconds' },
    map: { type: 'boolean', description: 'whether to answer where the most probable class is seen' },
  },
} as const;

export const classifyResponse = {
  type: 'object',
  required: ['model', 'version', 'images'],
  properties: {
    model: text,
    version: text,
    images: {
      type: 'array',
      items: {
        type: 'object',
        required: ['name', 'predictions'],
        properties: {
          name: text,
          predictions: { type: 'array', items: prediction },
          map: {
            type: ['object', 'null'],
            required: ['rows', 'columns', 'values', 'crop'],
            properties: {
              rows: integer,
              columns: integer,
              values: { type: 'array', items: { type: 'number' } },
              crop: {
                type: 'object',
                required: ['resizeSize', 'cropSize'],
                properties: { resizeSize: integer, cropSize: integer },
              },
            },
          },
        },
      },
    },
    times: {
      type: 'object',
      required: ['prepare', 'queue', 'compute'],
      description: 'milliseconds',
      properties: { prepare: { type: 'number' }, queue: { type: 'number' }, compute: { type: 'number' } },
    },
  },
} as const;

/** The errors that a route may answer with. */
export const errorResponses = Object.fromEntries(
  [400, 401, 404, 408, 413, 415, 429, 500, 503, 504].map((status) => [status, errorSchema]),
);
