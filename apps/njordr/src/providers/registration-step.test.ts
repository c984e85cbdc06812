import { njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { type ProviderRow } from './provider-row.ts';
import { registrationStep } from './registration-step.ts';

const price = { priceCents: 3n, outputPriceCents: undefined, priceUnitTokens: 1_000n };
const stored = { model: '', priceCents: 3n, outputPriceCents: undefined, unitTokens: 1_000n, priceVersion: 1n };
const configuration = njordr.ProviderConfiguration.fromPartial({ models: [{ model: 'tiny' }], price });
const row = (more: Partial<ProviderRow>) =>
  ({
    status: 'PENDING',
    payoutVerified: true,
    testPassed: null,
    decisionId: '',
    configuration,
    prices: [stored],
    ...more,
  }) as ProviderRow;
const connected = { connected: true, fresh: false };
const away = { connected: false, fresh: false };

describe('the next step of a registration follows from what is stored', () => {
  it.each([
    ['no payout method', row({ payoutVerified: false, prices: [] }), connected, 'payout'],
    ['no price at Heidrun', row({ prices: [] }), connected, 'price'],
    ['not tested', row({}), connected, 'test'],
    ['not tested, and no device to test', row({}), away, undefined],
    ['test failed', row({ testPassed: false }), connected, undefined],
    ['test failed, device back', row({ testPassed: false }), { connected: true, fresh: true }, 'test'],
    ['tested', row({ testPassed: true }), away, 'decide'],
    ['in review', row({ testPassed: true, decisionId: 'd' }), connected, undefined],
    ['approved', row({ status: 'APPROVED' }), connected, 'activate'],
    ['approved, no device', row({ status: 'APPROVED' }), away, undefined],
    ['active with a new price', row({ status: 'ACTIVE', prices: [{ ...stored, priceCents: 2n }] }), away, 'price'],
    ['rejected', row({ status: 'REJECTED', prices: [] }), connected, undefined],
    ['suspended', row({ status: 'SUSPENDED', prices: [] }), connected, undefined],
    ['unregistered', row({ status: 'UNREGISTERED', prices: [] }), connected, undefined],
  ])('%s', (_, provider, conditions, step) => {
    expect(registrationStep(provider, conditions)).toBe(step);
  });
});
