import { type MoneySettingsRow } from '../money-settings/money-settings-row.ts';

/**
 * When a schedule pays out next after `now`: at midnight UTC every day, on Mondays, or on the first of each month.
 * @returns undefined without a schedule
 */
export function nextPayoutAt(schedule: MoneySettingsRow['payout_schedule'], now: Date): Date | undefined {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  switch (schedule) {
    case 'MANUAL':
      return undefined;
    case 'DAILY':
      return new Date(Date.UTC(year, month, day + 1));
    case 'WEEKLY':
      // getUTCDay: Sunday is 0, Monday 1; on a Monday the next one is a week away.
      return new Date(Date.UTC(year, month, day + ((8 - now.getUTCDay()) % 7 || 7)));
    case 'MONTHLY':
      return new Date(Date.UTC(year, month + 1, 1));
  }
}
