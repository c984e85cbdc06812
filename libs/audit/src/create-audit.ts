import { audit } from '@edda/contracts';
import { implement, type ServiceEntry } from '@edda/grpc-kit';
import { type Clock, type Logger, type Metrics } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type AnchorStore } from './anchor/anchor.ts';
import { createAnchorer } from './anchor/create-anchorer.ts';
import { createFileAnchorStore } from './anchor/file-anchor-store.ts';
import { createUrlAnchorStore } from './anchor/url-anchor-store.ts';
import { createAuditMetrics } from './audit-metrics.ts';
import { type AuditSettings } from './audit-settings.ts';
import { createSealer } from './create-sealer.ts';
import { createListAuditRecords } from './list-audit-records.ts';
import { createVerifyAudit } from './verify-audit.ts';

export interface AuditOptions {
  /** Named in anchors. */
  service: string;
  pool: Pool;
  /** Taken anew each time, but for the anchor's file and URL, which are read once. */
  settings: () => AuditSettings;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
}

/** A service's audit log at work: sealing, anchoring and AuditService. */
export interface Audit {
  /** AuditService, to be served. */
  readonly service: ServiceEntry;
  /** Call after a commit that appended: its records are sealed soon instead of at the next interval. */
  notify(): void;
  start(): void;
  stop(): Promise<void>;
}

export function createAudit(options: AuditOptions): Audit {
  const { pool, logger, clock, settings } = options;
  const metrics = createAuditMetrics(options.metrics, pool);
  const stores = storesOf(settings().anchor);
  const sealer = createSealer({ pool, settings: () => settings().seal, logger, metrics });
  const anchorer = createAnchorer({
    ...{ service: options.service, pool, clock, stores, logger, metrics },
    intervalMs: () => settings().anchor.intervalSeconds * 1_000,
  });
  const reading = { service: options.service, pool, stores, logger, sealNow: () => sealer.sealNow() };
  return {
    service: implement(audit.AuditServiceService, {
      listAuditRecords: createListAuditRecords(reading),
      verifyAudit: createVerifyAudit(reading),
    }),
    notify: () => sealer.notify(),
    start() {
      sealer.start();
      anchorer.start();
    },
    async stop() {
      await Promise.all([sealer.stop(), anchorer.stop()]);
    },
  };
}

function storesOf({ file, url }: AuditSettings['anchor']): AnchorStore[] {
  return [
    ...(file === undefined ? [] : [createFileAnchorStore(file)]),
    ...(url === undefined ? [] : [createUrlAnchorStore({ url })]),
  ];
}
