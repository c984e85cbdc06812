import { audit, njordr, settings } from '@edda/contracts';
import { assertRulesComplete, implement } from '@edda/grpc-kit';
import { describe, expect, it } from 'vitest';
import { rules } from './rules.ts';

const services = [
  implement(njordr.ProviderServiceService, {}),
  implement(njordr.ProviderLinkService, {}),
  implement(njordr.ReplicaServiceService, {}),
  implement(njordr.ComputeServiceService, {}),
  implement(njordr.TransactionServiceService, {}),
  implement(njordr.ApiKeyServiceService, {}),
  implement(njordr.AdminServiceService, {}),
  implement(njordr.CatalogServiceService, {}),
  implement(njordr.AnalyticsServiceService, {}),
  implement(settings.SettingsServiceService, {}),
  implement(audit.AuditServiceService, {}),
];

describe('the rules table', () => {
  it('has a row for every method', () => {
    expect(() => assertRulesComplete(services, rules)).not.toThrow();
  });

  it('opens nothing to callers without a token, and administration to admins only', () => {
    expect(Object.values(rules).filter((rule) => rule.public)).toEqual([]);
    for (const { path } of Object.values(njordr.AdminServiceService)) expect(rules[path]?.roles).toEqual(['admin']);
  });
});
