import { type Logger } from '@edda/telemetry';

interface Figures {
  providerEarningsCents: bigint;
  companyFeeCents: bigint;
  commissionRateBps?: number;
}

/** A split's figures under their names in the log. */
export const figuresOf = ({ providerEarningsCents, companyFeeCents, commissionRateBps }: Figures) => ({
  provider_earnings_cents: providerEarningsCents,
  company_fee_cents: companyFeeCents,
  ...(commissionRateBps !== undefined && { commission_rate_bps: commissionRateBps }),
});

/** One line for a call that split costs, with its figures. */
export function logSettled(logger: Logger, requestId: string, figures: object): void {
  if (logger.isLevelEnabled('info')) logger.info({ request_id: requestId, ...figures }, 'settled');
}
