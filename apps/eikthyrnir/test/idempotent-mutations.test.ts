import { randomUUID } from 'node:crypto';
import * as contracts from '@edda/contracts';
import { type eikthyrnir } from '@edda/contracts';
import { mutations } from '@edda/contracts/test/mutations';
import { createGrpcClient, type RpcService } from '@edda/grpc-kit';
import { silentLogger } from '@edda/telemetry';
import {
  assertOneEffect,
  assertUnimplemented,
  type PreparedMutation,
  settingsMutations,
  type TestDatabase,
} from '@edda/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rules } from '../src/rules.ts';
import { databases, observed, startService, tokenFor } from './support/start-service.ts';

const packages = [contracts.eikthyrnir, contracts.settings, contracts.audit];
/** Its batches carry no key: the ids of the observations make repetition harmless, see below. */
const keyless = 'eikthyrnir.v1.QualityService/StreamObservations';
const own = mutations.filter((name) => /^(eikthyrnir|settings|audit)\./.test(name) && name !== keyless);
type Client = ReturnType<Awaited<ReturnType<typeof startService>>['client']>;

/** One row for each mutation that is implemented; what has none must answer UNIMPLEMENTED. */
const rows: Readonly<Record<string, (client: Client) => Promise<PreparedMutation>>> = {
  'eikthyrnir.v1.QualityService/RecordObservations': async (client) => {
    const observations = [observed({ providerId: randomUUID() }), observed({ providerId: randomUUID() })];
    return {
      call: (idempotencyKey) => client.recordObservations({ idempotencyKey, observations }),
      conflicting: (idempotencyKey) => client.recordObservations({ idempotencyKey, observations: [observed()] }),
    };
  },
};

describe('every mutation, called 100 times at once with one key', () => {
  let db: TestDatabase;
  let running: Awaited<ReturnType<typeof startService>>;
  beforeAll(async () => {
    db = await databases.create();
    running = await startService(db.url);
  });
  afterAll(async () => {
    await running.close();
    await databases.dropAll();
  });

  it.each(own)('%s has one effect, or is not there yet', async (mutation) => {
    const row = rows[mutation];
    if (row !== undefined) {
      return assertOneEffect({ pool: db.pool, prepare: () => row(running.client('service', 'njordr')) });
    }
    const { roles, subjects } = rules[`/edda.${mutation}`]!;
    const made: { close(): void }[] = [];
    const client = <const Service extends RpcService>(definition: Service) => {
      const options = { token: tokenFor(roles[0]!, subjects?.[0]), logger: silentLogger(), retries: false as const };
      const opened = createGrpcClient(definition, {
        ...options,
        address: `127.0.0.1:${running.service.ports['grpc']}`,
      });
      made.push(opened);
      return opened;
    };
    try {
      const prepare = settingsMutations(client(contracts.settings.SettingsServiceService))[mutation];
      if (prepare !== undefined) await assertOneEffect({ pool: db.pool, prepare });
      else await assertUnimplemented({ packages, mutation, client: (service) => client(service as RpcService) });
    } finally {
      for (const opened of made) opened.close();
    }
  });

  it('has no row for what is no mutation', () => {
    expect(own).toEqual(expect.arrayContaining(Object.keys(rows)));
  });

  it(`${keyless}: each observation counts once, however often a stream is repeated`, async () => {
    const providerId = randomUUID();
    const observations = Array.from({ length: 10 }, () => observed({ providerId }));
    const client = running.client('service', 'njordr');
    async function* halves(): AsyncGenerator<eikthyrnir.StreamObservationsRequest> {
      yield { observations: observations.slice(0, 5) };
      yield { observations: observations.slice(5) };
    }
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.streamObservations(halves())));
    expect(answers.reduce((sum, { accepted }) => sum + accepted, 0n)).toBe(10n);
    expect(answers.reduce((sum, { duplicates }) => sum + duplicates, 0n)).toBe(990n);
    const { qualities } = await client.getQuality({ providerId, model: 'm-1' });
    expect(qualities[0]?.effectiveCount).toBeCloseTo(10, 2);
  });
});
