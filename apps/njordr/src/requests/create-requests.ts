import { hostname } from 'node:os';
import { type PolicySet } from '@edda/policy';
import { type Clock, type Logger } from '@edda/telemetry';
import { createCounterPool, createTokenCounter } from '@edda/tokens';
import { type Pool } from 'pg';
import { type LinkHub } from '../link/link-hub.ts';
import { type ProviderDirectory } from '../providers/provider-directory.ts';
import { createRouter } from '../routing/create-router.ts';
import { type NjordrSettings } from '../settings.ts';
import { createTransactionReads } from '../transactions/transaction-reads.ts';
import { createTransactionStore } from '../transactions/transaction-store.ts';
import { type ComputeDeps } from './compute-deps.ts';
import { createAnswerKeeper } from './answer-keeper.ts';
import { createFinish } from './finish-request.ts';
import { createLeaseKeeper } from './lease-keeper.ts';
import { createMoney, type PreAuthClient } from './money.ts';
import { noteDenial } from './note-denial.ts';
import { createPrepare, type PrepareDeps } from './prepare-request.ts';
import { recoverExpired } from './recovery-sweep.ts';
import { createRequestRegistry } from './request-registry.ts';
import { createResultVault } from './result-vault.ts';
import { createRunner } from './run-request.ts';
import { createStart } from './start-request.ts';
import { sweepRequests } from './sweep-requests.ts';

export interface RequestsDeps {
  pool: Pool;
  clock: Clock;
  logger: Logger;
  settings: () => NjordrSettings;
  hub: Pick<LinkHub, 'dispatch'>;
  directory: ProviderDirectory;
  preAuth: PreAuthClient;
  policies: () => PolicySet;
  /** The secret NJORDR_RESULT_KEYS. */
  resultKeys: string;
  newId: () => string;
  /** From 0 up to 1. */
  random: () => number;
  /** @throws OUTBOX_FULL */
  assertCapacity: () => void;
}

/** Everything about requests, wired: what the handlers stand on, and the two sweeps. */
export interface Requests {
  readonly compute: ComputeDeps;
  /** Renews leases from now on. */
  start(): void;
  /** Settles what other replicas left behind. @returns how many */
  recover(): Promise<number>;
  /** Erases expired answers and old keys. */
  sweep(): Promise<void>;
  /** After the servers have closed: lets requests finish for `graceMs`, then settles them as they are. */
  close(graceMs: number): Promise<void>;
}

export function createRequests(deps: RequestsDeps): Requests {
  const { pool, clock, logger, settings, directory, hub } = deps;
  const leaseMs = () => settings().recovery.leaseSeconds * 1_000;
  const store = createTransactionStore({ pool, owner: `${hostname()}:${process.pid}:${deps.newId()}`, leaseMs });
  const vault = createResultVault(deps.resultKeys);
  const money = createMoney({ preAuth: deps.preAuth, settleRetryMs: () => settings().requests.settleRetryMs });
  const keep = createAnswerKeeper({ vault, clock, ttlSeconds: () => settings().requests.resultTtlSeconds });
  const finish = createFinish({
    ...{ store, keep, clock },
    settings: () => ({ ...settings().requests, ...settings().quality }),
  });
  const keeper = createLeaseKeeper({ store, clock, logger, settings: () => settings().recovery });
  const counter = createTokenCounter();
  // Prompts and answers of a megabyte must not keep the streams of others waiting.
  const texts = createCounterPool({ counter, options: () => ({}) });
  const registry = createRequestRegistry();
  const assessing: PrepareDeps = {
    ...{ counter: texts, clock, policies: deps.policies, newId: deps.newId, assertCapacity: deps.assertCapacity },
    router: createRouter({ directory, clock, random: deps.random, settings: () => settings().routing }),
    settings: () => settings().requests,
    onDenied: (requestId, caller, model, decision) =>
      noteDenial(pool, { requestId, caller, model, decision, at: clock.now() }),
  };
  const holdSeconds = () => settings().holds.ttlSeconds;
  return {
    compute: {
      ...{ pool, clock, directory, vault, registry, assessing },
      reads: createTransactionReads({ pool }),
      prepare: createPrepare(assessing),
      start: createStart({ store, directory, money, finish, keeper, clock, logger, holdSeconds }),
      run: createRunner({
        ...{ hub, directory, money, store, finish, keeper, keep, counter, texts, clock, logger },
        slowReaderMs: () => settings().requests.slowReaderMs,
      }),
      resultTtlSeconds: () => settings().requests.resultTtlSeconds,
    },
    start: () => keeper.start(),
    recover: () => recoverExpired({ store, money, directory, clock, logger, leaseMs }),
    sweep: () => sweepRequests(pool, clock.now()),
    async close(graceMs) {
      await registry.drain(graceMs);
      await keeper.stop();
      await texts.close();
    },
  };
}
