import { type MethodRule, type Role, type RulesTable } from '@edda/grpc-kit';
import { settingsRules } from '@edda/service-kit';

const readers: readonly Role[] = ['user', 'provider', 'service', 'admin'];

const methods: Readonly<Record<string, MethodRule>> = {
  RecordObservations: { roles: ['service'] },
  StreamObservations: { roles: ['service'], longLived: true },
  GetQuality: { roles: readers },
  BatchGetQuality: { roles: readers },
  WatchQuality: { roles: ['service', 'admin'], longLived: true },
  SubmitFeedback: { roles: ['user', 'service'] },
  ListObservations: { roles: ['provider', 'service', 'admin'] },
  RunProbe: { roles: ['provider', 'service', 'admin'] },
};

const audit = '/edda.audit.v1.AuditService';

/** Who may call what; everything else is denied. */
export const rules: RulesTable = {
  ...Object.fromEntries(
    Object.entries(methods).map(([method, rule]) => [`/edda.eikthyrnir.v1.QualityService/${method}`, rule]),
  ),
  ...settingsRules,
  [`${audit}/ListAuditRecords`]: { roles: ['admin'] },
  [`${audit}/VerifyAudit`]: { roles: ['admin'] },
};
