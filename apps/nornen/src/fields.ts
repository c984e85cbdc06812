import { z } from 'zod';

/** Text for a PostgreSQL column: bounded, and without NUL, which PostgreSQL does not store. */
const text = (max: number) =>
  z
    .string()
    .max(max, `has at most ${max} characters`)
    .refine((value) => !value.includes('\0'), 'must not contain NUL');

const instant = z.date('must be a time').refine((value) => value.getTime() >= 0, 'must not be before 1970');

/** Fields that many requests share, as the contract bounds them. */
export const fields = {
  text,
  id: text(128).min(1, 'is required'),
  optionalId: text(128),
  idempotencyKey: text(128).min(1, 'is required'),
  model: text(200).min(1, 'is required'),
  instant,
  /** 0 means 50. */
  pageSize: z
    .int()
    .min(0, 'must be 0 to 1,000')
    .max(1_000, 'must be 0 to 1,000')
    .transform((size) => (size === 0 ? 50 : size)),
  pageToken: z.string().max(2_048, 'is malformed'),
  count32: z.int().min(0, 'must not be negative'),
  /** `from` ≤ t < `to`; either may be absent. */
  timeRange: z
    .object({ from: instant.optional(), to: instant.optional() })
    .refine(({ from, to }) => from === undefined || to === undefined || from < to, 'from must be before to')
    .optional(),
} as const;

/** An integer that must lie within bounds both of which are meant for people to read. */
export const amount = (min: bigint, max: bigint) =>
  z.bigint().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`);

/** Parses `<field> asc|desc` for a list with one sort field; newest first by default. */
export const orderBy = (field: string) =>
  z
    .enum(['', `${field} desc`, `${field} asc`], `must be "${field} desc" or "${field} asc"`)
    .transform((order): 'asc' | 'desc' => (order === `${field} asc` ? 'asc' : 'desc'));

/** The idempotency key of a request, or of its header for callers that cannot put it into the message. */
export function withKey<Request extends { idempotencyKey: string }>(
  request: Request,
  ctx: { readonly idempotencyHeader?: string },
): Request {
  if (request.idempotencyKey !== '' || ctx.idempotencyHeader === undefined) return request;
  return { ...request, idempotencyKey: ctx.idempotencyHeader };
}
