import { type heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { fields } from '../fields.ts';
import { toOwnTransfer } from '../ledger/to-wire-transfer.ts';
import { seesEverything } from '../ledger/visibility.ts';
import { captureFacts, toCaptureResponse } from './capture-response.ts';
import { type HoldWithResolution } from './hold.ts';
import { findHold, findHoldOfTransaction } from './hold-store.ts';
import { type PreAuthDeps } from './pre-auth-deps.ts';
import { holdNotFound } from './resolved-faults.ts';
import { toPreAuth } from './to-pre-auth.ts';

const schema = z.object({
  key: z.object(
    { $case: z.enum(['preauthId', 'transactionId']), value: fields.id },
    'give preauth_id or transaction_id',
  ),
});

/** GetPreAuth: one hold and, after CAPTURED, the capture's answer. Somebody else's hold does not exist. */
export function createGetPreAuth(deps: Pick<PreAuthDeps, 'pool'>) {
  return async (request: heidrun.GetPreAuthRequest, ctx: CallContext): Promise<heidrun.GetPreAuthResponse> => {
    const { key } = parseWith(schema, request);
    const byHold = key.$case === 'preauthId';
    const found = await (byHold ? findHold : findHoldOfTransaction)(deps.pool, key.value);
    if (found === undefined || !isVisible(found, ctx)) throw holdNotFound(byHold ? 'preauth_id' : 'transaction_id');
    const captured = found.resolution?.kind === 'CAPTURED';
    const capture = captured ? toCaptureResponse(await captureFacts(deps.pool, found), true) : undefined;
    const transfers = capture?.transfers.map((transfer) => toOwnTransfer(transfer, ctx.identity)) ?? [];
    return { preauth: toPreAuth(found), capture: capture && { ...capture, transfers } };
  };
}

function isVisible({ hold }: HoldWithResolution, { identity }: CallContext): boolean {
  const own = hold.requesterId === identity.subject && hold.networkId === identity.networkId;
  return own || seesEverything(identity);
}
