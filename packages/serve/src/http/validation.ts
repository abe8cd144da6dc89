/** Requests are validated by their schemas: bodies as they are, texts of an address turned into numbers first. */
import { Ajv } from 'ajv';
import type { FastifyInstance } from 'fastify';

export function validateBySchemas(app: FastifyInstance): void {
  const common = { allErrors: false, strict: false, removeAdditional: false } as const;
  const exact = new Ajv({ ...common, coerceTypes: false, useDefaults: false });
  const ofText = new Ajv({ ...common, coerceTypes: true, useDefaults: true });
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'body' ? exact : ofText).compile(schema as object));
}
