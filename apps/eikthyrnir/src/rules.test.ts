import { audit, eikthyrnir, settings } from '@edda/contracts';
import { assertRulesComplete, implement } from '@edda/grpc-kit';
import { describe, expect, it } from 'vitest';
import { rules } from './rules.ts';

describe('the rules table', () => {
  it('has a row for every method and none besides', () => {
    const services = [
      implement(eikthyrnir.QualityServiceService, {}),
      implement(settings.SettingsServiceService, {}),
      implement(audit.AuditServiceService, {}),
    ];
    expect(() => assertRulesComplete(services, rules)).not.toThrow();
  });
});
