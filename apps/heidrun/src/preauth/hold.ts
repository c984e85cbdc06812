import { type Candidate, type CandidateJson, candidateFromJson } from './candidate.ts';
import { type PreAuthState } from './pre-auth-machine.ts';

/** Money held on a wallet for one transaction; never changed once stored. */
export interface Hold {
  id: string;
  transactionId: string;
  requestId: string;
  requesterId: string;
  networkId: string;
  model: string;
  heldCents: bigint;
  inputTokens: bigint;
  outputBudgetTokens: bigint;
  /** Name of the TokenMethod. */
  inputMethod: string;
  tokenizer: string;
  /** Best first. */
  candidates: Candidate[];
  commissionRateBps: number;
  caller: string;
  idempotencyKey: string;
  requestHash: string;
  createdAt: Date;
  expiresAt: Date;
}

/** How a hold ended; there is at most one. */
export interface Resolution {
  kind: Exclude<PreAuthState, 'PENDING'>;
  releasedCents: bigint;
  caller: string;
  idempotencyKey: string | null;
  requestHash: string;
  resolvedAt: Date;
}

export interface HoldWithResolution {
  hold: Hold;
  resolution?: Resolution;
}

export type HoldRow = Omit<Hold, 'candidates'> & { candidates: CandidateJson[] };

export function holdFromRow(row: HoldRow): Hold {
  return {
    id: row.id,
    transactionId: row.transactionId,
    requestId: row.requestId,
    requesterId: row.requesterId,
    networkId: row.networkId,
    model: row.model,
    heldCents: row.heldCents,
    inputTokens: row.inputTokens,
    outputBudgetTokens: row.outputBudgetTokens,
    inputMethod: row.inputMethod,
    tokenizer: row.tokenizer,
    candidates: row.candidates.map(candidateFromJson),
    commissionRateBps: row.commissionRateBps,
    caller: row.caller,
    idempotencyKey: row.idempotencyKey,
    requestHash: row.requestHash,
    createdAt: row.createdAt,
    expiresAt: row.expiresAt,
  };
}

export const stateOf = ({ resolution }: Pick<HoldWithResolution, 'resolution'>): PreAuthState =>
  resolution?.kind ?? 'PENDING';
