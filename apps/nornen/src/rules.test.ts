import { audit, rpcMethods, settings } from '@edda/contracts';
import { assertRulesComplete, implement } from '@edda/grpc-kit';
import { describe, expect, it } from 'vitest';
import { rules } from './rules.ts';
import { nornenServices, type ServiceDeps } from './services.ts';

// Handlers are made, not called: nothing of the dependencies is touched.
const services = nornenServices({
  audit: implement(audit.AuditServiceService, {}),
  settingsService: { entry: implement(settings.SettingsServiceService, {}) },
} as ServiceDeps);

describe('rules', () => {
  it('has a row for every method that is served, and no other', () => {
    expect(() => assertRulesComplete(services, rules)).not.toThrow();
  });

  it('covers every service of the contract that is Nornen’s', () => {
    const ours = rpcMethods().filter(({ service }) => /^edda\.(nornen|settings|audit)\./.test(service));
    expect(Object.keys(rules).toSorted()).toEqual(ours.map(({ path }) => path).toSorted());
  });

  it('lets only services write', () => {
    for (const name of [
      'DecisionService/DecideRequest',
      'DecisionService/DecideProviderRegistration',
      'HistoryService/IngestEvents',
    ]) {
      expect(rules[`/edda.nornen.v1.${name}`]).toEqual({ roles: ['service'] });
    }
  });
});
