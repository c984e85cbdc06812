import { type FieldViolation } from '@edda/faults';
import { MAX_RATE_BPS, MIN_RATE_BPS, moneyFaults, settle, type Settlement } from '@edda/money';

/** A cost to split, and the commission where the caller names one. */
export interface CostToSplit {
  totalCostCents: bigint;
  /** Basis points, 1,000 to 1,500. */
  commissionRateBps?: number | undefined;
}

/**
 * Splits a cost into commission and earnings.
 * @param path put before the fields that a refusal names
 * @throws AMOUNT_OUT_OF_RANGE, COMMISSION_RATE_OUT_OF_RANGE
 */
export function splitCost(
  { totalCostCents, commissionRateBps }: CostToSplit,
  defaultRateBps: number,
  path = '',
): Settlement & { commissionRateBps: number } {
  const rateBps = commissionRateBps ?? defaultRateBps;
  if (totalCostCents < 0n) {
    throw refused(moneyFaults.AMOUNT_OUT_OF_RANGE, {
      field: `${path}total_cost_cents`,
      description: 'must not be negative',
    });
  }
  if (rateBps < MIN_RATE_BPS || rateBps > MAX_RATE_BPS) {
    throw refused(moneyFaults.COMMISSION_RATE_OUT_OF_RANGE, {
      field: `${path}commission_rate_bps`,
      description: 'must be 1,000 to 1,500',
    });
  }
  return { ...settle(totalCostCents, BigInt(rateBps)), commissionRateBps: rateBps };
}

type Refusal = (typeof moneyFaults)['AMOUNT_OUT_OF_RANGE'];

const refused = (fault: Refusal, violation: FieldViolation): Error =>
  fault(`${violation.field} ${violation.description}`, { violations: [violation] });
