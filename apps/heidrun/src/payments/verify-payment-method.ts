import { heidrun } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { withIdempotency } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { heidrunFaults } from '../faults.ts';
import { fields } from '../fields.ts';
import { type UserKey } from '../ledger/account-names.ts';
import { accountOf, scopeOf } from './account-of.ts';
import { askProvider } from './ask-provider.ts';
import { auditPayment } from './audit-payment.ts';
import { announceVerified } from './method-changes.ts';
import { type MethodRow, ownMethod, toMethod } from './method-row.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { methodMachine } from './payment-machines.ts';

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  paymentMethodId: fields.id,
  verificationCode: z.string().max(100, 'has at most 100 characters'),
});

type Verdict = 'verified' | 'refused';

interface Outcome {
  verified: boolean;
  attemptsLeft: number;
  method: unknown;
}

/**
 * VerifyPaymentMethod: PENDING → VERIFIED, or FAILED once the attempts are used up. An attempt is counted and committed
 * before the payment provider is asked, so that no number of parallel guesses gets more than its share; a refusal is
 * an outcome, remembered under its key.
 */
export function createVerifyPaymentMethod(deps: PaymentDeps) {
  return async (
    request: heidrun.VerifyPaymentMethodRequest,
    ctx: CallContext,
  ): Promise<heidrun.VerifyPaymentMethodResponse> => {
    parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    let replayed = false;
    const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
    const attempt = { ...scope, method: `${scope.method}#attempt`, onReplay: () => undefined };
    await withIdempotency(deps.pool, attempt, (client) => countAttempt(deps, client, user, request.paymentMethodId));
    const verdict = await judge(deps, user, request);
    const outcome = await withIdempotency(deps.pool, scope, (client) =>
      conclude(deps, client, user, request.paymentMethodId, verdict),
    );
    deps.notify();
    if (!outcome.verified) throw refused(outcome.attemptsLeft);
    return { paymentMethod: heidrun.PaymentMethod.fromJSON(outcome.method), replayed };
  };
}

async function countAttempt(deps: PaymentDeps, client: ClientBase, user: UserKey, id: string): Promise<true> {
  const row = await ownMethod(client, user, id, 'update');
  if (row.status === 'VERIFIED') return true;
  methodMachine.next(row.status, 'verify');
  if (row.verification_attempts >= deps.settings().verificationAttempts) throw refused(0);
  await client.query('UPDATE payment_methods SET verification_attempts = verification_attempts + 1 WHERE id = $1', [
    id,
  ]);
  return true;
}

async function judge(
  deps: PaymentDeps,
  user: UserKey,
  { paymentMethodId, verificationCode, idempotencyKey }: heidrun.VerifyPaymentMethodRequest,
): Promise<Verdict> {
  const row = await ownMethod(deps.pool, user, paymentMethodId);
  if (row.token_key_id === null || row.token_sealed === null || row.status !== 'PENDING') return 'refused';
  const methodToken = deps.seal.open({ keyId: row.token_key_id, sealed: row.token_sealed }, row.id);
  return askProvider(deps, (provider) =>
    provider.verifyMethod({
      methodToken,
      code: verificationCode,
      idempotencyKey: `verify:${paymentMethodId}:${idempotencyKey}`,
    }),
  );
}

async function conclude(
  deps: PaymentDeps,
  client: ClientBase,
  user: UserKey,
  id: string,
  verdict: Verdict,
): Promise<Outcome> {
  const now = deps.clock.now();
  const row = await ownMethod(client, user, id, 'update');
  const attemptsLeft = Math.max(0, deps.settings().verificationAttempts - row.verification_attempts);
  const outcome = async (verified: boolean): Promise<Outcome> => {
    const method = toMethod(await ownMethod(client, user, id), now);
    return { verified, attemptsLeft, method: heidrun.PaymentMethod.toJSON(method) };
  };
  if (row.status === 'VERIFIED') return outcome(true);
  if (row.status !== 'PENDING') return outcome(false);
  if (verdict === 'verified') {
    await setStatus(client, row, 'verify', now);
    await announceVerified(client, row, now);
    deps.logger.info({ payment_method_id: id }, 'payment method verified');
    return outcome(true);
  }
  if (attemptsLeft === 0) {
    await setStatus(client, row, 'fail', now);
    deps.logger.warn({ payment_method_id: id }, 'payment method locked after wrong verification codes');
  }
  return outcome(false);
}

async function setStatus(client: ClientBase, row: MethodRow, event: 'verify' | 'fail', now: Date): Promise<void> {
  const status = methodMachine.next(row.status, event);
  const reason = event === 'fail' ? 'Too many wrong verification codes.' : '';
  await auditPayment(client, {
    user: { networkId: row.network_id, userId: row.user_id },
    at: now,
    action: `payment_method.${event}`,
    subject: `payment_method:${row.id}`,
    details: { attempts: row.verification_attempts, status },
  });
  await client.query('UPDATE payment_methods SET status = $2, failure_reason = $3, verified_at = $4 WHERE id = $1', [
    row.id,
    status,
    reason,
    event === 'verify' ? now : null,
  ]);
}

function refused(attemptsLeft: number): Error {
  return heidrunFaults.VERIFICATION_FAILED('The verification code was not accepted.', {
    metadata: { attempts_left: String(attemptsLeft) },
    violations: [{ field: 'verification_code', description: `is not right; ${attemptsLeft} attempts are left` }],
  });
}
