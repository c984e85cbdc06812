import { heidrun } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { type TransactionState } from '../transactions/transaction-machine.ts';
import { differenceOf, type TransactionSide } from './difference-of.ts';

const figures = { totalCostCents: 10n, providerEarningsCents: 9n, companyFeeCents: 1n };
const transaction = (state: TransactionState, more: Partial<TransactionSide> = {}): TransactionSide => ({
  ...{ transactionId: 'tx', requestId: 'req', state },
  ...(state === 'COMPLETED' || state === 'REFUNDED'
    ? figures
    : { totalCostCents: 0n, providerEarningsCents: 0n, companyFeeCents: 0n }),
  ...more,
});
const hold = (status: keyof typeof heidrun.PreAuthStatus, capturedCents = 10n): heidrun.ListedPreAuth => {
  const captured = status === 'CAPTURED';
  return heidrun.ListedPreAuth.fromPartial({
    preauth: { preauthId: 'pa', transactionId: 'tx', status: heidrun.PreAuthStatus[status] },
    capturedCents: captured ? capturedCents : 0n,
    providerEarningsCents: captured ? capturedCents - 1n : 0n,
    companyFeeCents: captured ? 1n : 0n,
  });
};
type Case = [
  TransactionSide | undefined,
  heidrun.ListedPreAuth | undefined,
  ReturnType<typeof differenceOf>,
  old?: boolean,
];

describe('a transaction and its hold', () => {
  const cases: Case[] = [
    [transaction('COMPLETED'), hold('CAPTURED'), undefined],
    [transaction('REFUNDED'), hold('CAPTURED'), undefined],
    [transaction('FAILED'), hold('CANCELLED'), undefined],
    [transaction('CANCELLED'), hold('EXPIRED'), undefined],
    [transaction('FAILED'), undefined, undefined],
    [undefined, hold('CANCELLED'), undefined],
    [transaction('PROCESSING'), hold('PENDING'), undefined],
    [transaction('PROCESSING'), hold('CAPTURED'), undefined],
    [transaction('PENDING'), undefined, undefined],
    [transaction('PROCESSING'), hold('CAPTURED'), 'TRANSACTION_STUCK', true],
    [transaction('FAILED'), hold('PENDING'), 'HOLD_LEFT_OPEN'],
    [transaction('CANCELLED'), hold('PENDING'), 'HOLD_LEFT_OPEN'],
    [undefined, hold('PENDING'), 'HOLD_LEFT_OPEN'],
    [transaction('COMPLETED'), hold('PENDING'), 'CAPTURE_MISSING'],
    [transaction('COMPLETED'), hold('EXPIRED'), 'CAPTURE_MISSING'],
    [transaction('REFUNDED'), hold('CANCELLED'), 'CAPTURE_MISSING'],
    [transaction('FAILED'), hold('CAPTURED'), 'CAPTURED_UNCOMPLETED'],
    [transaction('CANCELLED'), hold('CAPTURED', 0n), 'CAPTURED_UNCOMPLETED'],
    [undefined, hold('CAPTURED'), 'TRANSACTION_MISSING'],
    [transaction('COMPLETED'), hold('CAPTURED', 11n), 'FIGURES_DIFFER'],
    [transaction('COMPLETED', { companyFeeCents: 2n }), hold('CAPTURED'), 'FIGURES_DIFFER'],
    [transaction('COMPLETED'), undefined, 'HOLD_MISSING'],
  ];
  it.each(cases)('%o with %o is %s', (ours, theirs, kind, old = false) => {
    expect(differenceOf(ours, theirs, old)).toBe(kind);
  });
});
