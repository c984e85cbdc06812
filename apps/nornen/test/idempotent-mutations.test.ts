import { randomUUID } from 'node:crypto';
import * as contracts from '@edda/contracts';
import { mutations } from '@edda/contracts/test/mutations';
import { type RpcService } from '@edda/grpc-kit';
import { assertOneEffect, assertUnimplemented, type PreparedMutation, settingsMutations } from '@edda/testing';
import { describe, expect, it } from 'vitest';
import { rules } from '../src/rules.ts';
import { batches, computeRequest, event, registration } from './support/messages.ts';
import { startNornen } from './support/start-nornen.ts';

type TestNornen = Awaited<ReturnType<typeof startNornen>>;

const packages = [contracts.nornen, contracts.settings, contracts.audit];
/** Its batches carry no key: the ids of the events make repetition harmless, see below. */
const keyless = 'nornen.v1.HistoryService/IngestEvents';
const own = mutations.filter((name) => /^(nornen|settings|audit)\./.test(name) && name !== keyless);

/** One row for each mutation that is implemented; what has none must answer UNIMPLEMENTED. */
const rows: Readonly<Record<string, (service: TestNornen) => Promise<PreparedMutation>>> = {
  'nornen.v1.DecisionService/DecideProviderRegistration': async (service) => {
    const decisions = service.decisions();
    const request = registration({ providerId: randomUUID() });
    return {
      call: (idempotencyKey) => decisions.decideProviderRegistration({ ...request, idempotencyKey }),
      conflicting: (idempotencyKey) =>
        decisions.decideProviderRegistration({ ...request, latencyMs: 41, idempotencyKey }),
    };
  },
  'nornen.v1.DecisionService/DecideRequest': async (service) => {
    const decisions = service.decisions();
    const request = computeRequest({ requestId: randomUUID() });
    return {
      call: (idempotencyKey) => decisions.decideRequest({ ...request, idempotencyKey }),
      conflicting: (idempotencyKey) => decisions.decideRequest({ ...request, activeRequests: 1, idempotencyKey }),
    };
  },
  'nornen.v1.AdminService/PushSettings': async (service) => {
    const admin = service.client(contracts.nornen.AdminServiceService, { roles: ['admin'] });
    const changes = [{ path: 'policies.signOfLifeMs', valueJson: '20000' }];
    const request = contracts.nornen.PushSettingsRequest.fromPartial({ service: 'nornen', changes, reason: 'a test' });
    return {
      call: (idempotencyKey) => admin.pushSettings({ ...request, idempotencyKey }),
      conflicting: (idempotencyKey) => admin.pushSettings({ ...request, reason: 'another', idempotencyKey }),
    };
  },
};

describe('every mutation, called 100 times at once with one key', () => {
  it.each(own)('%s has one effect, or is not there yet', async (mutation) => {
    const service = await startNornen();
    const settings = service.client(contracts.settings.SettingsServiceService, { roles: ['admin'] });
    const row = rows[mutation] ?? settingsMutations(settings)[mutation];
    if (row !== undefined) return assertOneEffect({ pool: service.db.pool, prepare: () => row(service) });
    const { roles, subjects } = rules[`/edda.${mutation}`]!;
    const client = (definition: object) =>
      service.client(definition as RpcService, { roles: roles.slice(0, 1), subject: subjects?.[0] ?? 'someone' });
    await assertUnimplemented({ packages, mutation, client });
  });

  it('has no row for what is no mutation', () => {
    expect(own).toEqual(expect.arrayContaining(Object.keys(rows)));
  });

  it(`${keyless}: each event is stored once, whoever sends it how often; other content is refused`, async () => {
    const { db, history } = await startNornen();
    const client = history();
    const events = [1n, 2n, 3n].map((sequence) => event({ eventId: randomUUID(), subject: 'transaction:p', sequence }));
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.ingestEvents(batches(events))));
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0n)).toBe(3n);
    expect(answers.reduce((sum, { duplicates }) => sum + duplicates, 0n)).toBe(297n);
    expect(new Set(answers.map(({ positions }) => positions[0]?.sequence))).toEqual(new Set([3n]));
    const stored = async () =>
      (await db.pool.query<Record<string, unknown>>('SELECT * FROM history_events ORDER BY sequence')).rows;
    const before = await stored();
    expect(before).toHaveLength(3);
    const changed = { ...events[1]!, payloadJson: '{"total_cost_cents":5}' };
    await expect(client.ingestEvents(batches([changed]))).rejects.toMatchObject({
      kind: 'already-exists',
      reason: 'EVENT_SEQUENCE_CONFLICT',
    });
    expect(await stored()).toEqual(before);
  });
});
