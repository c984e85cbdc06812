import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { createGrpcClient, type Role, type RpcService, type TokenMinter } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';

/** What it takes to act for somebody: a way to sign tokens, and where Heidrun listens. */
export interface MarketAccess {
  readonly minter: TokenMinter;
  readonly addresses: { readonly heidrun: string };
}

/** A person on the market. */
export interface MarketUser {
  readonly subject: string;
  readonly networkId: string;
  readonly roles: readonly Role[];
}

/** Tokens of a person are good for an hour and renewed in time. */
const tokenSeconds = 3_600;

/** A source of this person's tokens. */
export function tokensOf(market: Pick<MarketAccess, 'minter'>, user: MarketUser): () => Promise<string> {
  return market.minter.provider({ ...user, ttlSeconds: tokenSeconds });
}

/** A client of one of the market's services, acting as this person. */
export function clientOf<const Service extends RpcService>(
  definition: Service,
  address: string,
  token: () => Promise<string>,
  logger: Logger,
) {
  return createGrpcClient(definition, { address, token, logger });
}

/** What fills the wallet of a welcomed payer, in cents. */
export const pocketMoneyCents = 5_000n;

/** What the sandbox payment provider accepts at once; see Heidrun's README. */
const sandboxTokens = { pay: 'tok_sandbox_visa', payout: 'tok_sandbox_bank' } as const;

/** Makes sure that a person can pay or be paid: a verified sandbox method, added only if there is none. */
export async function ensurePaymentMethod(
  market: MarketAccess,
  user: MarketUser,
  purpose: 'pay' | 'payout',
  logger: Logger,
): Promise<void> {
  const payments = clientOf(heidrun.PaymentServiceService, market.addresses.heidrun, tokensOf(market, user), logger);
  const wanted = purpose === 'pay' ? heidrun.PaymentPurpose.PAY : heidrun.PaymentPurpose.PAYOUT;
  try {
    const ready = await payments.checkPaymentReadiness(
      heidrun.CheckPaymentReadinessRequest.fromPartial({ userId: user.subject, purpose: wanted }),
    );
    if (ready.ready) return;
    await payments.addPaymentMethod(
      heidrun.AddPaymentMethodRequest.fromPartial({
        idempotencyKey: `local-market:${purpose}:${user.subject}`,
        kind: purpose === 'pay' ? heidrun.PaymentMethodKind.CARD : heidrun.PaymentMethodKind.BANK_ACCOUNT,
        purposes: [wanted],
        token: sandboxTokens[purpose],
        makeDefault: true,
      }),
    );
  } finally {
    payments.close();
  }
}

/** Fills the wallet up to `targetCents` with one charge to the sandbox card, unless it is at least half full. */
export async function ensureFunds(
  market: MarketAccess,
  user: MarketUser,
  targetCents: bigint,
  logger: Logger,
): Promise<void> {
  const payments = clientOf(heidrun.PaymentServiceService, market.addresses.heidrun, tokensOf(market, user), logger);
  try {
    const { balance } = await payments.getBalance(heidrun.GetBalanceRequest.fromPartial({}));
    const available = balance?.availableCents ?? 0n;
    if (available * 2n >= targetCents) return;
    await payments.topUp(
      heidrun.TopUpRequest.fromPartial({
        idempotencyKey: `local-market:top-up:${randomUUID()}`,
        amountCents: targetCents - available,
      }),
    );
  } finally {
    payments.close();
  }
}
