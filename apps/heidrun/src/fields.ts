import { MAX_TOKENS, moneyFaults } from '@edda/money';
import { z } from 'zod';

/** Text that reaches the database: bounded, and without NUL, which PostgreSQL does not store. */
const text = (max: number) =>
  z
    .string()
    .max(max, `has at most ${max} characters`)
    .refine((value) => !value.includes('\0'), 'must not contain NUL');

/** Fields that many requests share, as the contract bounds them. */
export const fields = {
  text,
  id: text(128).min(1, 'is required'),
  optionalId: text(128),
  idempotencyKey: text(128).min(1, 'is required'),
  model: text(200).min(1, 'is required'),
  cents: z
    .bigint()
    .min(0n, 'must be 0 to 10^12')
    .max(10n ** 12n, 'must be 0 to 10^12'),
  reason: text(500).min(1, 'is required'),
  pageSize: z.int().min(0, 'must be 0 to 1,000').max(1_000, 'must be 0 to 1,000'),
  messages: z.object({
    messages: z
      .array(z.object({ role: z.string().max(64), content: z.string(), name: z.string().max(64).optional() }).loose())
      .min(1, 'needs a message')
      .max(2_048, 'has at most 2,048 messages'),
  }),
} as const;

interface TimeSpan {
  from?: Date | undefined;
  to?: Date | undefined;
}

/** A list's `from` and `to`: both optional, `to` the later one. */
export const timeSpan = {
  shape: { from: z.date('must be a time').optional(), to: z.date('must be a time').optional() },
  ordered: ({ from, to }: TimeSpan): boolean => from === undefined || to === undefined || from < to,
  violation: { path: ['to'], error: 'must be later than from' },
};

/** Rows per page when the caller names none. */
export const pageSizeOf = (requested: number): number => (requested === 0 ? 50 : requested);

/**
 * A token count, checked against its bounds.
 * @throws TOKEN_COUNT_OUT_OF_RANGE naming the field
 */
export function tokenCount(field: string, value: bigint, min = 0n): bigint {
  if (value >= min && value <= MAX_TOKENS) return value;
  const description = `must be ${min} to ${MAX_TOKENS}, got ${value}`;
  throw moneyFaults.TOKEN_COUNT_OUT_OF_RANGE(`${field} ${description}`, { violations: [{ field, description }] });
}
