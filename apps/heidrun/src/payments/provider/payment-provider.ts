/** Kinds of payment methods, as the contract names them. */
export type MethodKind = 'CARD' | 'DEBIT' | 'PAYPAL' | 'SEPA_DEBIT' | 'BANK_ACCOUNT';

/** What a method may be used for, as the contract names it. */
export type MethodPurpose = 'PAY' | 'PAYOUT';

/**
 * What has to happen before a method may be used: nothing; the amounts of two small deposits, or a confirmation, are
 * to be sent back; the user must act at the payment provider first; or it is refused for good.
 */
export type AttachStatus = 'verified' | 'needs-micro-deposits' | 'needs-confirmation' | 'action-required' | 'declined';

export interface AttachedMethod {
  kind: MethodKind;
  /** What the payment provider can do with it. */
  purposes: readonly MethodPurpose[];
  /** For people: the brand (`visa`), '' when there is none, and at most 4 digits. */
  label: { brand: string; last4: string };
  /** Last month it may be used; undefined when it does not expire. */
  expiry?: { month: number; year: number };
  status: AttachStatus;
}

export interface VerifyMethod {
  methodToken: string;
  /** What the user sends back: `12,34` for micro-deposits in cents, a code for a confirmation. */
  code: string;
  /** The same key is the same attempt, however often it is sent. */
  idempotencyKey: string;
}

export interface Charge {
  /** 1 and up. */
  amountCents: bigint;
  /** ISO 4217. */
  currency: string;
  methodToken: string;
  /** The same key is the same charge, however often it is sent, for ever. */
  idempotencyKey: string;
}

export interface ChargeResult {
  status: 'succeeded' | 'declined' | 'action-required';
  providerReference: string;
  /** Why it was declined, in words for the payer. */
  reason?: string;
  /** Where the payer confirms it, with `action-required`. */
  confirmationUrl?: string;
}

/**
 * The port to whoever moves real money. An adapter rejects only when the outcome is unknown; a refusal is a result.
 * Tokens are the payment provider's own: card and account numbers never pass through here. Errors never quote a token.
 */
export interface PaymentProvider {
  /** Names its clearing account, `clearing:<name>`; lower case, stable for ever. */
  readonly name: string;
  /** @returns undefined for a token it does not know */
  attachMethod(token: string): Promise<AttachedMethod | undefined>;
  verifyMethod(request: VerifyMethod): Promise<'verified' | 'refused'>;
  charge(request: Charge): Promise<ChargeResult>;
}
