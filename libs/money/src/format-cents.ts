import { moneyFaults } from './money-faults.ts';

/**
 * An amount for people, in English notation: 4 EUR cents are `€0.04`, −123,456 are `-€1,234.56`.
 * The decimal text is cut from the integer's digits, so no size loses a cent.
 * @param cents any integer amount of the currency's smallest unit
 * @param currency ISO 4217 code; its own number of decimals is used (none for JPY)
 * @throws CURRENCY_UNKNOWN
 */
export function formatCents(cents: bigint, currency: string): string {
  const format = currencyFormat(currency);
  const decimals = format.resolvedOptions().maximumFractionDigits ?? 2;
  const digits = (cents < 0n ? -cents : cents).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals);
  const decimal = `${cents < 0n ? '-' : ''}${whole}.${fraction || '0'}`;
  // Intl reads decimal text exactly; a number would round beyond 2^53.
  return format.format(decimal as `${number}`);
}

function currencyFormat(currency: string): Intl.NumberFormat {
  try {
    return new Intl.NumberFormat('en-US', { style: 'currency', currency });
  } catch (cause) {
    throw moneyFaults.CURRENCY_UNKNOWN(`"${currency}" is not a currency code`, { cause });
  }
}
