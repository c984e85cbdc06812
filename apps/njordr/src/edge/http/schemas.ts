import { z } from 'zod';

/** The problem document of every error under /api. */
export const problemSchema = z
  .object({
    type: z
      .string()
      .meta({ description: 'urn:edda:fault:<domain>:<reason>', example: 'urn:edda:fault:edda:not_found' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What is wrong, for people.' }),
    reason: z.string().meta({ description: 'What is wrong, for programs.', example: 'NOT_FOUND' }),
    domain: z.string(),
    violations: z.array(z.object({ field: z.string(), description: z.string() })).optional(),
    metadata: z.record(z.string(), z.string()).optional(),
    instance: z.string().optional().meta({ description: 'urn:request:<x-request-id>' }),
  })
  .meta({
    example: {
      type: 'urn:edda:fault:edda:invalid_input',
      title: 'Invalid input',
      status: 400,
      detail: 'page_size: Invalid input: expected number, received string',
      reason: 'INVALID_INPUT',
      domain: 'edda',
      violations: [{ field: 'page_size', description: 'Invalid input: expected number, received string' }],
    },
  });

/** The error of every path under /v1. */
export const openAiErrorSchema = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      code: z.string().meta({ description: 'Our reason.', example: 'INSUFFICIENT_FUNDS' }),
      param: z.string().nullable(),
      metadata: z.record(z.string(), z.string()).optional(),
    }),
  })
  .meta({
    example: {
      error: {
        message: 'No provider offers this model.',
        type: 'invalid_request_error',
        code: 'MODEL_UNKNOWN',
        param: null,
      },
    },
  });

const meanings: Readonly<Record<number, string>> = {
  400: 'The request is wrong; the violations name the fields.',
  401: 'No token, or one that is not valid any more.',
  402: 'The wallet does not have enough.',
  403: 'The token’s roles or a policy do not allow this.',
  404: 'Not there, or somebody else’s.',
  409: 'The idempotency key was used for something else, or somebody else changed it in between.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'Not possible as things are; the reason says why.',
  429: 'A limit is reached; Retry-After says when to come back.',
  500: 'Our fault; the metadata has the error id.',
  501: 'In the contract, not in this version.',
  503: 'Something this needs does not answer, or this instance is shutting down.',
  504: 'It took too long.',
};

/** Error answers for the documentation. @param statuses those that make sense for the route */
export function errorResponses(
  statuses: readonly number[],
  contentType: string,
  schema: z.ZodType,
): Record<string, unknown> {
  return Object.fromEntries(
    statuses.map((status) => [status, { description: meanings[status], content: { [contentType]: { schema } } }]),
  );
}

/** What any route may answer. */
export const readErrors = [400, 401, 403, 404, 422, 429, 500, 503, 504];
export const writeErrors = [400, 401, 402, 403, 404, 409, 413, 415, 422, 429, 500, 503, 504];
