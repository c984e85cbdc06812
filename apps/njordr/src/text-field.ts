import { z } from 'zod';

/** A text that reaches the database: bounded in characters, and without NUL, which PostgreSQL does not store. */
export const text = (min: number, max: number) =>
  z
    .string()
    .min(min)
    .max(max)
    .refine((value) => !value.includes('\0'), 'must not contain NUL');
