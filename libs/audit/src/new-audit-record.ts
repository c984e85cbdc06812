/** What a mutation tells the audit log about itself. */
export interface NewAuditRecord {
  /** When it happened; kept to the millisecond. */
  occurredAt: Date;
  /** Who did it: the caller's subject, or `system:<task>`; `auditCaller` takes it from a call's identity. */
  actor: string;
  /** Whom the actor acted for (edda-act-as). */
  onBehalfOf?: string;
  /** Tenant; absent for changes of the whole deployment. */
  networkId?: string;
  /** `<noun>.<verb>`, for instance `preauth.capture`. */
  action: string;
  /** `<kind>:<id>`, for instance `preauth:0198…`. */
  subject: string;
  /** The compute request it belongs to. */
  requestId?: string;
  /** What the actor gave as reason, where the method takes one. */
  reason?: string;
  /**
   * Facts, kept as one JSON object of at most 64 KiB: never prompts, answers, secrets or tokens of payment methods.
   * A bigint becomes an integer number, beyond ±(2^53 − 1) a decimal string.
   */
  details?: Readonly<Record<string, unknown>>;
}
