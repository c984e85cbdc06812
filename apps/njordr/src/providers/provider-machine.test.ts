import { describe, expect, it } from 'vitest';
import { providerMachine } from './provider-machine.ts';
import { availabilityChange } from './set-provider-availability.ts';

describe('a provider’s life', () => {
  it('PENDING → APPROVED | REJECTED, REJECTED → PENDING, APPROVED → ACTIVE ↔ INACTIVE', () => {
    expect(providerMachine.next('PENDING', 'approve')).toBe('APPROVED');
    expect(providerMachine.next('PENDING', 'reject')).toBe('REJECTED');
    expect(providerMachine.next('REJECTED', 'resubmit')).toBe('PENDING');
    expect(providerMachine.next('APPROVED', 'activate')).toBe('ACTIVE');
    expect(providerMachine.next('ACTIVE', 'deactivate')).toBe('INACTIVE');
    expect(providerMachine.next('INACTIVE', 'activate')).toBe('ACTIVE');
  });

  it('any state → SUSPENDED → ACTIVE, any state → UNREGISTERED, and nothing leads out of that', () => {
    const open = providerMachine.states.filter((state) => state !== 'UNREGISTERED');
    expect(providerMachine.sourcesOf('unregister')).toEqual(open);
    expect(providerMachine.sourcesOf('suspend')).toEqual(open.filter((state) => state !== 'SUSPENDED'));
    expect(providerMachine.next('SUSPENDED', 'reinstate')).toBe('ACTIVE');
    expect(providerMachine.isTerminal('UNREGISTERED')).toBe(true);
  });

  it('the owner cannot put a provider on the market that was never approved, nor one that was suspended', () => {
    for (const status of ['PENDING', 'REJECTED', 'APPROVED', 'SUSPENDED', 'UNREGISTERED'] as const) {
      for (const wanted of [1, 3, 4] as const) {
        expect(() => availabilityChange({ status, paused: false }, wanted)).toThrow(
          expect.objectContaining({ reason: 'ILLEGAL_TRANSITION' }),
        );
      }
    }
  });

  it('asking for what already is changes nothing', () => {
    expect(availabilityChange({ status: 'ACTIVE', paused: false }, 1)).toBeUndefined();
    expect(availabilityChange({ status: 'ACTIVE', paused: true }, 4)).toBeUndefined();
    expect(availabilityChange({ status: 'INACTIVE', paused: false }, 3)).toBeUndefined();
  });
});
