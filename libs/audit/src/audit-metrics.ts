import { type Metrics } from '@edda/telemetry';
import { type Pool } from 'pg';

/** What the audit log reports about itself. */
export interface AuditMetrics {
  sealed(records: number): void;
  sealFailed(): void;
  broken(): void;
  anchored(sequence: bigint): void;
  anchorFailed(): void;
  anchorMatches(matches: boolean): void;
}

export function createAuditMetrics(metrics: Metrics, pool: Pool): AuditMetrics {
  const sealed = metrics.counter({ name: 'edda_audit_sealed_total', help: 'Audit records moved into the chain.' });
  const failures = metrics.counter({
    name: 'edda_audit_failures_total',
    help: 'Attempts to seal or to anchor that failed and are repeated.',
    labelNames: ['task'],
  });
  const broken = metrics.counter({
    name: 'edda_audit_broken_total',
    help: 'Times the sealer found the end of the chain changed; run VerifyAudit.',
  });
  const anchored = metrics.gauge({
    name: 'edda_audit_anchored_sequence',
    help: 'Position of the chain that was anchored off-site last.',
  });
  const mismatch = metrics.gauge({
    name: 'edda_audit_anchor_mismatch',
    help: '1 while the chain does not contain what was anchored off-site; run VerifyAudit.',
  });
  metrics.gauge({
    name: 'edda_audit_unsealed',
    help: 'Audit records written and not yet chained, counted up to 10,000.',
    collect: async (gauge) => {
      const query = 'SELECT count(*) AS n FROM (SELECT FROM audit_intake LIMIT 10000) AS waiting';
      const { rows } = await pool.query<{ n: bigint }>(query);
      gauge.set(Number(rows[0]?.n ?? 0));
    },
  });
  return {
    sealed: (records) => sealed.inc(records),
    sealFailed: () => failures.inc({ task: 'seal' }),
    broken: () => broken.inc(),
    anchored: (sequence) => anchored.set(Number(sequence)),
    anchorFailed: () => failures.inc({ task: 'anchor' }),
    anchorMatches: (matches) => mismatch.set(matches ? 0 : 1),
  };
}
