import { enumName, heidrun } from '@edda/contracts';
import { type TransactionSide } from './difference-of.ts';
import { type ReconcilerDeps } from './create-reconciler.ts';

/** The holds of at most 1,000 transactions, by transaction. */
export async function listHolds(
  preAuth: ReconcilerDeps['preAuth'],
  transactionIds: readonly string[],
): Promise<Map<string, heidrun.ListedPreAuth>> {
  const { holds } = await preAuth.listPreAuths(
    heidrun.ListPreAuthsRequest.fromPartial({ transactionIds: [...transactionIds], pageSize: transactionIds.length }),
  );
  return new Map(holds.map((hold) => [hold.preauth?.transactionId ?? '', hold]));
}

export function idsOf(
  transaction: (TransactionSide & { networkId: string }) | undefined,
  hold: heidrun.ListedPreAuth | undefined,
) {
  return {
    requestId: transaction?.requestId ?? hold?.preauth?.requestId ?? '',
    networkId: transaction?.networkId ?? hold?.preauth?.networkId ?? '',
    preauthId: hold?.preauth?.preauthId ?? '',
  };
}

export function detailsOf(transaction: TransactionSide | undefined, hold: heidrun.ListedPreAuth | undefined) {
  return {
    state: transaction?.state ?? '',
    total_cost_cents: transaction?.totalCostCents ?? 0n,
    hold_status: hold?.preauth === undefined ? '' : (enumName(heidrun.PreAuthStatus, hold.preauth.status) ?? ''),
    held_cents: hold?.preauth?.heldCents ?? 0n,
    captured_cents: hold?.capturedCents ?? 0n,
    provider_earnings_cents: hold?.providerEarningsCents ?? 0n,
    company_fee_cents: hold?.companyFeeCents ?? 0n,
  } satisfies Record<string, string | bigint>;
}
