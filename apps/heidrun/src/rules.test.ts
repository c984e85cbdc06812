import { audit, heidrun, settings } from '@edda/contracts';
import { assertRulesComplete, implement } from '@edda/grpc-kit';
import { describe, expect, it } from 'vitest';
import { rules } from './rules.ts';

const services = [
  implement(heidrun.TokenServiceService, {}),
  implement(heidrun.PricingServiceService, {}),
  implement(heidrun.SettlementServiceService, {}),
  implement(heidrun.PreAuthServiceService, {}),
  implement(heidrun.LedgerServiceService, {}),
  implement(heidrun.PaymentServiceService, {}),
  implement(settings.SettingsServiceService, {}),
  implement(audit.AuditServiceService, {}),
];

describe('the rules table', () => {
  it('has a row for every method', () => {
    expect(() => assertRulesComplete(services, rules)).not.toThrow();
  });

  it('opens nothing to callers without a token', () => {
    expect(Object.values(rules).filter((rule) => rule.public)).toEqual([]);
  });

  it('reserves a transaction’s money for Njörðr', () => {
    const reserved = Object.keys(rules).filter((path) => rules[path]?.subjects?.join() === 'njordr');
    expect(reserved.map((path) => path.split('/').at(-1)).sort()).toEqual([
      'CancelPreAuth',
      'CapturePreAuth',
      'HandlePaymentWebhook',
      'PreAuthorize',
      'Refund',
    ]);
  });
});
