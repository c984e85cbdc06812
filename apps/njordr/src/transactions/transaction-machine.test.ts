import { describe, expect, it } from 'vitest';
import { transactionMachine } from './transaction-machine.ts';

describe('domain.md, transaction', () => {
  it('PENDING → PROCESSING → COMPLETED → REFUNDED', () => {
    expect(transactionMachine.next('PENDING', 'start')).toBe('PROCESSING');
    expect(transactionMachine.next('PROCESSING', 'complete')).toBe('COMPLETED');
    expect(transactionMachine.next('COMPLETED', 'refund')).toBe('REFUNDED');
  });

  it.each(['PENDING', 'PROCESSING'] as const)('%s may fail or be cancelled', (state) => {
    expect(transactionMachine.next(state, 'fail')).toBe('FAILED');
    expect(transactionMachine.next(state, 'cancel')).toBe('CANCELLED');
  });

  it.each(['FAILED', 'CANCELLED', 'REFUNDED'] as const)('%s is the end', (state) => {
    expect(transactionMachine.isTerminal(state)).toBe(true);
    expect(() => transactionMachine.next(state, 'complete')).toThrow(
      expect.objectContaining({ reason: 'ILLEGAL_TRANSITION' }) as Error,
    );
  });

  it('what was captured cannot be cancelled or failed', () => {
    expect(transactionMachine.can('COMPLETED', 'cancel')).toBe(false);
    expect(transactionMachine.can('COMPLETED', 'fail')).toBe(false);
  });
});
