import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nornen } from '@edda/contracts';
import { type Policy } from '@edda/policy';
import { waitFor } from '@edda/testing';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { policiesHash } from '../src/policies/policies-hash.ts';
import { allDecisions, batches, computeRequest, event } from './support/messages.ts';
import { databases, startNornen } from './support/start-nornen.ts';

afterAll(() => databases.dropAll());

const own: Policy = { id: 'own.closed', kind: 'request', rule: 'true', effect: 'deny', reason: 'Closed.', priority: 5 };
const quick = { pollIntervalMs: 50 };
/** Two replicas stand beside each other only with Redis. */
const withReplicas = it.skipIf(inject('redisUrl') === '');
const start = (options: Parameters<typeof startNornen>[0] = {}) =>
  startNornen({ ...options, settings: { policies: quick, ...options.settings } });

/** Reads a stream message by message; `stop` ends the call. */
function follow(client: ReturnType<Awaited<ReturnType<typeof start>>['decisions']>, knownVersion = 0n) {
  const ending = new AbortController();
  const stream = client.watchPolicies({ knownVersion }, { signal: ending.signal })[Symbol.asyncIterator]();
  return {
    next: async () => (await stream.next()).value as nornen.WatchPoliciesResponse,
    stop: () => ending.abort(),
  };
}

describe('WatchPolicies', () => {
  withReplicas('sends the snapshot at once, and again when another replica stores a version', async () => {
    const first = await start();
    const watch = follow(first.decisions());
    const { snapshot } = await watch.next();
    expect(snapshot).toMatchObject({ version: 1n, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const priorities = snapshot?.policies.map(({ priority }) => priority) ?? [];
    expect(priorities).toHaveLength(7);
    expect(priorities).toEqual(priorities.toSorted((a, b) => b - a));
    expect(snapshot?.policies.at(-1)).toMatchObject({
      policyId: 'provider.latency-high',
      kind: nornen.PolicyKind.PROVIDER_REGISTRATION,
      effect: nornen.PolicyEffect.REVIEW,
    });
    await start({ db: first.db, settings: { policies: { ...quick, extra: [own] } } });
    const second = await watch.next();
    expect(second.snapshot).toMatchObject({ version: 2n });
    expect(second.snapshot?.policies.map(({ policyId }) => policyId)).toContain('own.closed');
    watch.stop();
  });

  it('sends only what is newer than the caller knows, and signs of life meanwhile', async () => {
    const { decisions } = await start({ settings: { policies: { ...quick, signOfLifeMs: 100 } } });
    const watch = follow(decisions(), 1n);
    expect(await watch.next()).toEqual({ snapshot: undefined });
    expect(await watch.next()).toEqual({ snapshot: undefined });
    watch.stop();
  });

  it('is not for users', async () => {
    const { decisions } = await start();
    await expect(follow(decisions({ roles: ['user'] })).next()).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });

  it('ends when the service drains', async () => {
    const { decisions, service } = await start();
    const watch = follow(decisions());
    await watch.next();
    const rest = watch.next();
    await Promise.all([service.close(), expect(rest).rejects.toMatchObject({ reason: 'DRAINING' })]);
  });
});

describe('Decisions: policies of the settings', () => {
  it('a changed file makes a new version in force; an invalid one changes nothing', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'nornen-')), 'nornen.json');
    const write = (extra: unknown[]) => writeFile(file, JSON.stringify({ policies: { extra } }));
    await write([]);
    const { decisions, log, db } = await start({ settingsFile: file });
    const outcome = async () => (await decisions().decideRequest(computeRequest())).decision;
    expect(await outcome()).toMatchObject({ policyVersion: 1n });
    await write([own]);
    await waitFor(async () => (await outcome())?.policyId === own.id, { what: 'the new policy' });
    expect(await outcome()).toMatchObject({ policyVersion: 2n, reason: 'Closed.', reasonCode: 'POLICY' });
    await write([{ ...own, rule: 'no such fact > 1' }]);
    await waitFor(() => log.text().includes('settings refused'), { what: 'the refusal' });
    expect(log.text()).toContain('own.closed: ');
    expect(await outcome()).toMatchObject({ policyVersion: 2n, policyId: own.id });
    await write([]);
    await waitFor(async () => (await outcome())?.policyVersion === 3n, { what: 'the defaults' });
    const { rows } = await db.pool.query<{ sha256: string }>('SELECT sha256 FROM policy_snapshots ORDER BY version');
    expect(rows.map(({ sha256 }) => sha256)).toEqual([
      rows[0]?.sha256,
      expect.not.stringMatching(rows[0]?.sha256 ?? ''),
      rows[0]?.sha256,
    ]);
  });

  withReplicas('replicas with the same settings store one version', async () => {
    const first = await start();
    const settings = { policies: { ...quick, extra: [own] } };
    await Promise.all(Array.from({ length: 3 }, () => start({ db: first.db, settings })));
    expect((await first.db.pool.query('SELECT version FROM policy_snapshots')).rows).toHaveLength(2);
  });

  it('keeps the last good version when a stored one does not compile', async () => {
    const { db, decisions, log } = await start();
    const bad = [{ ...own, rule: 'nonsense(' }];
    await db.pool.query(`INSERT INTO policy_snapshots VALUES (2, now(), 'settings', $1, $2)`, [
      policiesHash(bad),
      JSON.stringify(bad),
    ]);
    await waitFor(() => log.text().includes('invalid and not used'));
    const { decision } = await decisions().decideRequest(computeRequest());
    expect(decision).toMatchObject({ outcome: nornen.DecisionOutcome.APPROVED, policyVersion: 1n });
  });

  it('no snapshot ever received denies with a reason, is not ready, and refuses watchers', async () => {
    const { db, ...before } = await start();
    await before.service.close();
    await db.pool.query(`UPDATE policy_snapshots SET policies = '[]', origin = 'settings'`);
    await db.pool.query(`UPDATE policy_snapshots SET policies = $1, sha256 = $2`, [
      JSON.stringify([{ ...own, rule: '(' }]),
      policiesHash([]),
    ]);
    const { decisions, readiness } = await start({ db });
    const { decision } = await decisions().decideRequest(computeRequest());
    expect(decision).toMatchObject({
      outcome: nornen.DecisionOutcome.DENIED,
      policyVersion: 0n,
      reasonCode: 'NO_POLICY_SNAPSHOT',
    });
    await expect(follow(decisions()).next()).rejects.toMatchObject({ reason: 'NO_POLICY_SNAPSHOT' });
    expect((await readiness()).status).toBe(503);
  });
});

describe('Restart', () => {
  it('on the same data answers the same decision, finds the history, and makes no new version', async () => {
    const first = await start({ settings: { policies: { ...quick, extra: [own] } } });
    const request = computeRequest();
    const told = event();
    const before = await first.decisions().decideRequest(request);
    await first.history().ingestEvents(batches([told]));
    await first.service.close();

    const second = await start({ db: first.db, settings: { policies: { ...quick, extra: [own] } } });
    expect((await second.readiness()).status).toBe(200);
    expect(await second.decisions().decideRequest(request)).toEqual(before);
    expect(await second.history().ingestEvents(batches([told]))).toMatchObject({ accepted: 0n, duplicates: 1n });
    const { decisions } = await second.decisions({ roles: ['admin'] }).listDecisions(allDecisions);
    expect(decisions).toEqual([before.decision]);
    expect((await first.db.pool.query('SELECT version FROM policy_snapshots')).rows).toHaveLength(2);
  });
});
