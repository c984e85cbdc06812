import { heidrun } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { hashRequest, type IdempotencyScope, withIdempotency } from '@edda/pg-kit';
import { type ClientBase } from 'pg';
import { z } from 'zod';
import { heidrunFaults } from '../faults.ts';
import { fields } from '../fields.ts';
import { type UserKey } from '../ledger/account-names.ts';
import { accountOf, remembered, scopeOf } from './account-of.ts';
import { askProvider } from './ask-provider.ts';
import { auditPayment } from './audit-payment.ts';
import {
  announceVerified,
  assertNotFrozen,
  lockUserMethods,
  looksLikeCardNumber,
  makeDefault,
} from './method-changes.ts';
import { ownMethod, toMethod } from './method-row.ts';
import { type PaymentDeps } from './payment-deps.ts';
import { type AttachedMethod, type MethodKind, type MethodPurpose } from './provider/payment-provider.ts';

/** Most payment methods a user may have at once, removed ones aside (the contract's figure). */
export const MAX_METHODS = 20;

const { PaymentMethodKind: Kind, PaymentPurpose: Purpose } = heidrun;
const purposeNames = new Map<number, MethodPurpose>([
  [Purpose.PAY, 'PAY'],
  [Purpose.PAYOUT, 'PAYOUT'],
]);

const schema = z.object({
  idempotencyKey: fields.idempotencyKey,
  userId: fields.optionalId,
  kind: z.union(
    [Kind.CARD, Kind.DEBIT, Kind.PAYPAL, Kind.SEPA_DEBIT, Kind.BANK_ACCOUNT].map((kind) => z.literal(kind)),
    {
      error: 'names no known kind',
    },
  ),
  purposes: z
    .array(z.union([z.literal(Purpose.PAY), z.literal(Purpose.PAYOUT)], { error: 'names no known purpose' }))
    .min(1, 'needs a purpose')
    .max(2, 'has at most 2 purposes')
    .refine((purposes) => new Set(purposes).size === purposes.length, 'names a purpose twice'),
  token: z
    .string()
    .min(1, 'is required')
    .max(500, 'has at most 500 characters')
    .refine((token) => !looksLikeCardNumber(token), 'is a card number; send the payment provider’s token instead'),
});

/** AddPaymentMethod: asks the payment provider what the token is, and keeps it sealed. */
export function createAddPaymentMethod(deps: PaymentDeps) {
  return async (
    request: heidrun.AddPaymentMethodRequest,
    ctx: CallContext,
  ): Promise<heidrun.AddPaymentMethodResponse> => {
    parseWith(schema, request);
    const user = accountOf(ctx, request.userId);
    let replayed = false;
    const scope = scopeOf(request, ctx, deps.clock, () => (replayed = true));
    const stored = (await remembered(deps.pool, scope)) ?? (await add(deps, user, request, scope));
    deps.notify();
    return { paymentMethod: heidrun.PaymentMethod.fromJSON(stored), replayed };
  };
}

async function add(
  deps: PaymentDeps,
  user: UserKey,
  request: heidrun.AddPaymentMethodRequest,
  scope: IdempotencyScope,
): Promise<unknown> {
  deps.assertCapacity();
  const attached = await attach(deps, user, request);
  return withIdempotency(deps.pool, scope, (client) => store(deps, client, user, request, attached));
}

async function attach(
  deps: PaymentDeps,
  user: UserKey,
  request: heidrun.AddPaymentMethodRequest,
): Promise<AttachedMethod> {
  // Of this user's key alone: somebody else's equal key is another operation.
  const idempotencyKey = `add:${hashRequest([user, request.idempotencyKey])}`;
  const attached = await askProvider(deps, (provider) =>
    provider.attachMethod({ token: request.token, idempotencyKey }),
  );
  if (attached === undefined || attached.status === 'declined') throw rejected('token', 'is not accepted');
  if (Kind[attached.kind] !== request.kind) throw rejected('kind', `the token is of the kind ${attached.kind}`);
  const foreign = purposesOf(request).find((purpose) => !attached.purposes.includes(purpose));
  if (foreign !== undefined) throw rejected('purposes', `the token does not serve ${foreign}`);
  return attached;
}

function rejected(field: string, description: string): Error {
  return heidrunFaults.PAYMENT_TOKEN_REJECTED('The payment provider does not accept this token.', {
    violations: [{ field, description }],
  });
}

const purposesOf = ({ purposes }: heidrun.AddPaymentMethodRequest): MethodPurpose[] =>
  purposes.map((number) => {
    const name = purposeNames.get(number);
    if (name === undefined) throw invalidInput([{ field: 'purposes', description: 'names no known purpose' }]);
    return name;
  });

const INSERT = `
INSERT INTO payment_methods (id, network_id, user_id, kind, purposes, status, brand, last4, expiry_month, expiry_year,
  expires_at, payment_provider, token_key_id, token_sealed, created_at, verified_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`;

async function store(
  deps: PaymentDeps,
  client: ClientBase,
  user: UserKey,
  request: heidrun.AddPaymentMethodRequest,
  attached: AttachedMethod,
): Promise<unknown> {
  const now = deps.clock.now();
  await lockUserMethods(client, user);
  await assertNotFrozen(client, user);
  await assertBelowLimit(client, user);
  const id = deps.newId();
  const purposes = purposesOf(request);
  const verified = attached.status === 'verified';
  const { month, year } = attached.expiry ?? { month: 0, year: 0 };
  const { keyId, sealed } = deps.seal.seal(attached.methodToken ?? request.token, id);
  await client.query(INSERT, [
    id,
    user.networkId,
    user.userId,
    attached.kind satisfies MethodKind,
    purposes,
    verified ? 'VERIFIED' : 'PENDING',
    attached.label.brand,
    attached.label.last4,
    month,
    year,
    // Usable through its last month, so the first of the next one is too late.
    attached.expiry === undefined ? null : new Date(Date.UTC(year, month, 1)),
    deps.provider.name,
    keyId,
    sealed,
    now,
    verified ? now : null,
  ]);
  await makeDefault(client, user, id, purposes, { onlyFirst: !request.makeDefault });
  const row = await ownMethod(client, user, id);
  await auditPayment(client, {
    ...{ user, at: now, action: 'payment_method.add', subject: `payment_method:${id}` },
    details: { kind: row.kind, purposes, status: row.status, paymentProvider: row.payment_provider },
  });
  if (verified) await announceVerified(client, row, now);
  deps.logger.info({ payment_method_id: id, kind: row.kind, status: row.status }, 'payment method added');
  return heidrun.PaymentMethod.toJSON(toMethod(row, now));
}

async function assertBelowLimit(client: ClientBase, { networkId, userId }: UserKey): Promise<void> {
  const { rows } = await client.query<{ methods: bigint }>(
    `SELECT count(*) AS methods FROM payment_methods WHERE network_id = $1 AND user_id = $2 AND status <> 'REMOVED'`,
    [networkId, userId],
  );
  if (Number(rows[0]?.methods ?? 0) < MAX_METHODS) return;
  throw heidrunFaults.PAYMENT_METHOD_LIMIT(`A user has at most ${MAX_METHODS} payment methods.`);
}
