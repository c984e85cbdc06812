import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { audit } from '@edda/contracts';
import { type CallContext } from '@edda/grpc-kit';
import { createMemoryLogger, createMetrics } from '@edda/telemetry';
import { type TestDatabase, waitFor } from '@edda/testing';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditDatabases } from '../test/audit-database.ts';
import { append } from '../test/sealed-log.ts';
import { tamper } from '../test/tamper.ts';
import { type Audit, createAudit } from './create-audit.ts';

const State = audit.AuditAnchorState;

describe('a service’s audit log', () => {
  const databases = auditDatabases('audit_service');
  let db: TestDatabase;
  let folder: string;
  let log: Audit;
  const open = (anchor: { file?: string; url?: string }) => {
    const made = createAudit({
      service: 'heidrun',
      pool: db.pool,
      settings: () => ({ seal: { intervalMs: 10, batchSize: 3 }, anchor: { intervalSeconds: 0.02, ...anchor } }),
      clock: { now: () => new Date('2026-03-01T00:00:00Z') },
      logger: createMemoryLogger().logger,
      metrics: createMetrics({ service: 'heidrun', processMetrics: false }),
    });
    made.start();
    return made;
  };
  const verify = () => {
    const ctx = { signal: new AbortController().signal } as CallContext;
    const handler = log.service.handlers['verifyAudit']!;
    return handler({ fromSequence: 0n, toSequence: 0n }, ctx) as Promise<audit.VerifyAuditResponse>;
  };
  const anchors = () => readFileSync(join(folder, 'anchors.jsonl'), 'utf8').trim().split('\n');

  beforeEach(async () => {
    db = await databases.create();
    folder = mkdtempSync(join(tmpdir(), 'edda-audit-'));
  });
  afterEach(async () => {
    await log.stop();
    rmSync(folder, { recursive: true });
  });
  afterAll(() => databases.dropAll());

  it('seals by itself, anchors its head in the file, and verifies against it', async () => {
    log = open({ file: join(folder, 'anchors.jsonl') });
    await append(db.pool, 1, 8);
    log.notify();
    const newest = await waitFor(() => anchors().find((line) => line.includes('"sequence":8,')));
    const verified = await verify();
    expect(verified).toMatchObject({ intact: true, checkedCount: 8n, anchorState: State.MATCHES });
    expect(JSON.parse(newest)).toMatchObject({ service: 'heidrun', sequence: 8, hash: verified.headHash });
    expect(verified.anchor).toMatchObject({ sequence: 8n, hash: verified.headHash });
  });

  it('names a mismatch, and goes on working without anchoring what is wrong', async () => {
    log = open({ file: join(folder, 'anchors.jsonl') });
    await append(db.pool, 1, 4);
    await waitFor(() => anchors().some((line) => line.includes('"sequence":4,')));
    await tamper(db.pool, 'DELETE FROM audit_records WHERE sequence > 2');
    await tamper(
      db.pool,
      'UPDATE audit_head SET sequence = 2, hash = (SELECT hash FROM audit_records WHERE sequence = 2)',
    );
    const verified = await verify();
    expect(verified).toMatchObject({ intact: false, anchorState: State.MISMATCH });
    expect(verified.violations).toMatchObject([{ kind: audit.AuditViolationKind.ANCHOR, sequence: 4n }]);
    const before = anchors().length;
    await append(db.pool, 5, 9);
    const sealedAgain = async () => (await db.pool.query('SELECT FROM audit_intake')).rowCount === 0;
    await waitFor(sealedAgain);
    expect(await verify()).toMatchObject({ intact: false, anchorState: State.MISMATCH, checkedCount: 7n });
    expect(anchors()).toHaveLength(before);
  });

  it('an anchor that cannot be reached is said so, and stops nothing', async () => {
    log = open({ file: join(folder, 'missing/anchors.jsonl') });
    await append(db.pool, 1, 2);
    expect(await verify()).toMatchObject({ intact: true, checkedCount: 2n, anchorState: State.NONE_YET });
    await log.stop();
    log = open({ url: 'http://127.0.0.1:9/' });
    expect(await verify()).toMatchObject({ intact: true, checkedCount: 2n, anchorState: State.UNAVAILABLE });
  });
});
