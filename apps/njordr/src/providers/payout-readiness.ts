import { heidrun } from '@edda/contracts';
import { njordrFaults } from '../faults.ts';
import { type ProviderPeers } from './provider-peers.ts';

/**
 * Whether an owner could be paid now, and if not, why, for people.
 * @param listedSeconds for so long providers are listed because of a yes: the owner's last payout method stays
 */
export async function payoutReadiness(
  { payments }: Pick<ProviderPeers, 'payments'>,
  owner: { ownerId: string; networkId: string },
  listedSeconds?: number,
): Promise<{ ready: boolean; reason: string }> {
  const { ready, reason } = await payments.checkPaymentReadiness(
    heidrun.CheckPaymentReadinessRequest.fromPartial({
      userId: owner.ownerId,
      purpose: heidrun.PaymentPurpose.PAYOUT,
      ...(listedSeconds !== undefined && { listedSeconds }),
    }),
    { actAs: { subject: owner.ownerId, networkId: owner.networkId } },
  );
  return { ready, reason };
}

/** @throws PAYMENT_METHOD_REQUIRED */
export async function requirePayoutMethod(
  peers: Pick<ProviderPeers, 'payments'>,
  owner: { ownerId: string; networkId: string },
): Promise<void> {
  const { ready, reason } = await payoutReadiness(peers, owner);
  if (!ready) {
    throw njordrFaults.PAYMENT_METHOD_REQUIRED(reason === '' ? 'A verified payout method is required.' : reason);
  }
}
