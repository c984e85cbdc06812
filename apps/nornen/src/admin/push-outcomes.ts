import { type nornen, type settings as contract } from '@edda/contracts';
import { asFault, Fault, invalidInput } from '@edda/faults';
import { type ServiceName } from './service-names.ts';

/** What one service answered to its part of a push. */
export type PushOutcome = { service: ServiceName } & (
  { answer: contract.UpdateSettingsResponse; fault?: never } | { answer?: never; fault: Fault }
);

/** Asks and never rejects. */
export async function outcomeOf(
  service: ServiceName,
  work: () => Promise<contract.UpdateSettingsResponse>,
): Promise<PushOutcome> {
  try {
    return { service, answer: await work() };
  } catch (error) {
    return { service, fault: asFault(error) };
  }
}

/**
 * One fault for everything that was refused; undefined when nothing was. Of several services each field is named with
 * its service before it, as is the message.
 */
export function refusalOf(outcomes: readonly PushOutcome[]): Fault | undefined {
  const refused = outcomes.flatMap(({ service, fault }) => (fault === undefined ? [] : [{ service, fault }]));
  const [first] = refused;
  if (first === undefined || outcomes.length === 1) return first?.fault;
  const invalid = refused.filter(({ fault }) => fault.reason === 'INVALID_INPUT');
  if (invalid.length > 0) return invalidInput(invalid.flatMap(({ service, fault }) => named(service, fault)));
  const { service, fault } = first;
  const { kind, reason, domain, metadata, retryAfterMs } = fault;
  return new Fault(kind, reason, `${service}: ${fault.message}`, {
    ...{ domain, metadata: { ...metadata, service }, violations: named(service, fault), cause: fault },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function named(service: ServiceName, { violations }: Fault) {
  return violations.map(({ field, description }) => ({ field: `${service}: ${field}`, description }));
}

export function resultMessage({ service, answer, fault }: PushOutcome, stored: boolean): nornen.SettingsPushResult {
  return {
    service,
    applied: stored && answer !== undefined,
    snapshot: answer?.snapshot,
    restartPendingPaths: answer?.restartPendingPaths ?? [],
    errorReason: fault?.reason ?? '',
    errorMessage: fault?.message ?? '',
  };
}
