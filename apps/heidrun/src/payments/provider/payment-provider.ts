/** Kinds of payment methods, as the contract names them. */
export type MethodKind = 'CARD' | 'DEBIT' | 'PAYPAL' | 'SEPA_DEBIT' | 'BANK_ACCOUNT';

/** What a method may be used for, as the contract names it. */
export type MethodPurpose = 'PAY' | 'PAYOUT';

/**
 * What has to happen before a method may be used: nothing; the amounts of two small deposits, or a confirmation, are
 * to be sent back; the user must act at the payment provider first; or it is refused for good.
 */
export type AttachStatus = 'verified' | 'needs-micro-deposits' | 'needs-confirmation' | 'action-required' | 'declined';

export interface AttachMethod {
  token: string;
  /** The same key is the same attachment, however often it is sent. */
  idempotencyKey: string;
}

export interface AttachedMethod {
  kind: MethodKind;
  /** What the payment provider can do with it. */
  purposes: readonly MethodPurpose[];
  /** For people: the brand (`visa`), '' when there is none, and at most 4 digits. */
  label: { brand: string; last4: string };
  /** Last month it may be used; undefined when it does not expire. */
  expiry?: { month: number; year: number };
  status: AttachStatus;
  /** What to keep, and to name it by from now on, where that is more than the token itself. */
  methodToken?: string;
}

export interface VerifyMethod {
  methodToken: string;
  /** What the user sends back: `12,34` for micro-deposits in cents, a code for a confirmation. */
  code: string;
  /** The same key is the same attempt, however often it is sent. */
  idempotencyKey: string;
}

/** A movement of real money. */
export interface MoneyOrder {
  /** 1 and up. */
  amountCents: bigint;
  /** ISO 4217. */
  currency: string;
  methodToken: string;
  /** The same key is the same movement, however often it is sent, for ever: `topup:<id>`, `payout:<id>`. */
  idempotencyKey: string;
  /** Asked for before, with an outcome that did not arrive: an adapter whose keys expire looks for it first. */
  repeated: boolean;
}

export interface Charge extends MoneyOrder {
  /** Nobody is there to confirm it: what would need the payer is declined. */
  unattended: boolean;
}

export interface ChargeResult {
  /** `processing`: under way by itself; `action-required`: waits for the payer. */
  status: 'succeeded' | 'declined' | 'action-required' | 'processing';
  providerReference: string;
  /** Why it was declined, in words for the payer. */
  reason?: string;
  /** Where the payer confirms it, with `action-required`. */
  confirmationUrl?: string;
}

export interface PayoutResult {
  /** `in-transit`: handed over, not arrived yet; a failed one has moved no money, or moved it back. */
  status: 'paid' | 'in-transit' | 'failed';
  providerReference: string;
  /** Why it failed, in words for the payee. */
  reason?: string;
}

/** Which movement some news is about: by our own key where the payment provider kept it, else by its reference. */
export interface MovementRef {
  idempotencyKey?: string;
  reference: string;
}

/** What a notification says that matters here. */
export type ProviderNews =
  | { about: 'charge'; movement: MovementRef; result: ChargeResult }
  /** The payer's bank took money of a charge back: `reversedCents` in all, so far. */
  | { about: 'reversal'; movement: MovementRef; reversedCents: bigint; reason: string }
  | { about: 'payout'; movement: MovementRef; result: PayoutResult };

/** A notification as an HTTP edge received it. */
export interface WebhookDelivery {
  /** Byte by byte, as the signature covers it. */
  body: Buffer;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  receivedAt: Date;
}

export interface Webhook {
  /** Unique for ever: a repetition is the same notification. */
  eventId: string;
  type: string;
  /** Undefined for what is of no interest here. */
  news: ProviderNews | undefined;
}

/**
 * The port to whoever moves real money. An adapter rejects only when the outcome is unknown; a refusal is a result.
 * Tokens are the payment provider's own: card and account numbers never pass through here. Errors never quote a token.
 */
export interface PaymentProvider {
  /** Names its clearing account, `clearing:<name>`; lower case, stable for ever. */
  readonly name: string;
  /** @returns undefined for a token it does not know */
  attachMethod(request: AttachMethod): Promise<AttachedMethod | undefined>;
  verifyMethod(request: VerifyMethod): Promise<'verified' | 'refused'>;
  charge(request: Charge): Promise<ChargeResult>;
  /** How a charge stands now. */
  findCharge(reference: string): Promise<ChargeResult>;
  /** Gives a charge up that waits for its payer. @returns how it stands afterwards: it may have succeeded meanwhile */
  cancelCharge(reference: string): Promise<ChargeResult>;
  payOut(order: MoneyOrder): Promise<PayoutResult>;
  /** How a payout stands now. */
  findPayout(reference: string): Promise<PayoutResult>;
  /** @throws WEBHOOK_SIGNATURE_INVALID */
  readWebhook(delivery: WebhookDelivery): Promise<Webhook>;
}
