import { z } from 'zod';

/** What is kept, sealed, of a method: everything Stripe needs named to use it. */
const stripeToken = z.union([
  z.object({ method: z.string(), type: z.string(), customer: z.string(), setup: z.string() }),
  z.object({ account: z.string() }),
]);
export type StripeToken = z.infer<typeof stripeToken>;
export type StripePayToken = Extract<StripeToken, { method: string }>;

export const packToken = (token: StripeToken): string => JSON.stringify(token);

/** @throws TypeError for what this adapter never packed */
export function unpackToken(text: string): StripeToken {
  try {
    return stripeToken.parse(JSON.parse(text));
  } catch {
    throw new TypeError('a stored token is none of the Stripe adapter’s');
  }
}

/** Our key of a movement, in the metadata of Stripe's objects. */
export const OPERATION = 'edda_operation';
