import { audit } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { z } from 'zod';
import { type AnchorStore } from './anchor/anchor.ts';
import { readAnchors } from './anchor/read-anchors.ts';
import { verifyChain } from './verify-chain.ts';

const State = audit.AuditAnchorState;
const schema = z
  .object({
    fromSequence: z.bigint().min(0n, 'must not be negative'),
    toSequence: z.bigint().min(0n, 'must not be negative'),
  })
  .refine(({ fromSequence, toSequence }) => toSequence === 0n || toSequence >= fromSequence, {
    path: ['toSequence'],
    error: 'must not be before from_sequence',
  });

export interface VerifyDeps {
  service: string;
  pool: Pool;
  stores: readonly AnchorStore[];
  /** Seals what was written before the call, so that it is verified as part of the chain. */
  sealNow: () => Promise<void>;
  logger: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** VerifyAudit: recomputes the chain and compares it with what was anchored. A broken chain is an answer, not an error. */
export function createVerifyAudit(deps: VerifyDeps) {
  return async (request: audit.VerifyAuditRequest, ctx: CallContext): Promise<audit.VerifyAuditResponse> => {
    const { fromSequence, toSequence } = parseWith(schema, request);
    // Before anything is sealed: what is anchored meanwhile would not be in the stores' answers.
    const { anchors, state } = await readAnchors(deps, ctx.signal);
    await deps.sealNow();
    const chain = await verifyChain(deps.pool, {
      from: fromSequence === 0n ? 1n : fromSequence,
      ...(toSequence !== 0n && { to: toSequence }),
      anchors,
      noneAnchored: state === State.NONE_YET,
      signal: ctx.signal,
    });
    const newest = anchors.toSorted((a, b) => Number(b.sequence - a.sequence))[0];
    deps.logger[chain.intact ? 'info' : 'error'](
      { intact: chain.intact, checked: chain.checkedCount, violations: chain.violations.slice(0, 3) },
      'audit chain verified',
    );
    return {
      intact: chain.intact,
      checkedCount: chain.checkedCount,
      violations: chain.violations,
      headSequence: chain.headSequence,
      headHash: chain.headHash.toString('hex'),
      unsealedCount: chain.unsealedCount,
      anchorState: chain.anchorsMatch ? state : State.MISMATCH,
      anchor: newest,
    };
  };
}
