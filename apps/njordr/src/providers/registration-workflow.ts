import { asFault } from '@edda/faults';
import { runDetached } from '@edda/grpc-kit';
import { type Logger } from '@edda/telemetry';
import { type Pool } from 'pg';
import { type LinkHub } from '../link/link-hub.ts';
import { type ProviderBoard } from './provider-board.ts';
import { type ProviderState } from './provider-machine.ts';
import { type ProviderSettings } from './provider-settings.ts';
import { findByStatus, findProvider } from './provider-store.ts';
import { registrationStep } from './registration-step.ts';
import { createRegistrationSteps, type StepDeps } from './registration-steps.ts';

export interface WorkflowDeps extends StepDeps {
  pool: Pool;
  logger: Logger;
  settings: () => ProviderSettings;
  hub: Pick<LinkHub, 'probe' | 'isConnected'>;
  board: ProviderBoard;
}

/** Carries registrations on, step by step, in the background; all it knows is in the database. */
export interface RegistrationWorkflow {
  /** Goes on with a provider. @param fresh its device has just connected */
  resume(providerId: string, fresh?: boolean): void;
  /** Goes on and resolves when there is nothing left to do right now; never rejects. */
  advance(providerId: string, fresh?: boolean): Promise<void>;
  /** Goes on with everything unfinished, at once and every retryIntervalMs. */
  start(): void;
  close(): Promise<void>;
}

/** More steps than a registration has, should two of them ever undo each other. */
const MOST_STEPS = 12;

export function createRegistrationWorkflow(deps: WorkflowDeps): RegistrationWorkflow {
  const { pool, hub, board } = deps;
  const logger = deps.logger.module('registration');
  const steps = createRegistrationSteps(deps);
  const running = new Map<string, { again: boolean; fresh: boolean; done: Promise<void> }>();
  /** Listed providers with something left to do, such as a price Heidrun did not take; pending ones are in an index. */
  const failed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function walk(providerId: string, fresh: boolean): Promise<void> {
    let mayRetest = fresh;
    for (let count = 0; count < MOST_STEPS && !closed; count += 1) {
      const row = await findProvider(pool, providerId);
      if (row === undefined) return;
      board.publish(row);
      const step = registrationStep(row, { connected: hub.isConnected(providerId), fresh: mayRetest });
      if (step === undefined) return;
      if (step === 'test') mayRetest = false;
      const goOn = await steps[step](row);
      logger.info({ provider_id: providerId, step, go_on: goOn }, 'registration step');
      if (!goOn) break;
    }
    const row = await findProvider(pool, providerId);
    if (row !== undefined) board.publish(row);
  }
  async function runOne(providerId: string, entry: { again: boolean; fresh: boolean }): Promise<void> {
    do {
      const { fresh } = entry;
      Object.assign(entry, { again: false, fresh: false });
      try {
        await walk(providerId, fresh);
      } catch (error) {
        const fault = asFault(error);
        failed.add(providerId);
        logger.warn({ err: error, provider_id: providerId, reason: fault.reason }, 'a registration step failed');
      }
    } while (entry.again && !closed);
    running.delete(providerId);
  }
  function advance(providerId: string, fresh = false): Promise<void> {
    if (closed) return Promise.resolve();
    const current = running.get(providerId);
    if (current !== undefined) {
      current.again = true;
      current.fresh ||= fresh;
      return current.done;
    }
    const entry = { again: false, fresh, done: Promise.resolve() };
    running.set(providerId, entry);
    // The registration outlives the call that began it, so it must not inherit that call's deadline.
    entry.done = runDetached(() => runOne(providerId, entry));
    return entry.done;
  }
  async function resumeAll(statuses: readonly ProviderState[]): Promise<void> {
    try {
      for (const providerId of [...failed]) {
        failed.delete(providerId);
        await advance(providerId);
      }
      for (const row of await findByStatus(pool, statuses)) {
        const step = registrationStep(row, { connected: hub.isConnected(row.providerId), fresh: false });
        if (step !== undefined) await advance(row.providerId);
      }
    } catch (error) {
      logger.warn({ err: error }, 'unfinished registrations could not be read');
    }
  }
  const plan = () => {
    if (closed) return;
    timer = setTimeout(() => void resumeAll(['PENDING', 'APPROVED']).finally(plan), deps.settings().retryIntervalMs);
    timer.unref();
  };

  return {
    advance,
    resume: (providerId, fresh) => void advance(providerId, fresh),
    start: () => void resumeAll(['PENDING', 'APPROVED', 'ACTIVE', 'INACTIVE']).finally(plan),
    async close() {
      closed = true;
      clearTimeout(timer);
      await Promise.all([...running.values()].map((entry) => entry.done));
    },
  };
}
