import { type nornen } from '@edda/contracts';
import { asFault } from '@edda/faults';
import { type CallContext } from '@edda/grpc-kit';
import { type AdminDeps, roundMs } from './admin-deps.ts';
import { type ServiceName, serviceNames } from './service-names.ts';

/** Any group that every service has: the answer is about the database, not about settings. */
const aFewSettings = { pathPrefix: 'settings.' };

/** GetSystemHealth: every service asked at once; what does not answer in time is not ready. */
export function getSystemHealth(deps: AdminDeps) {
  return async (
    _request: nornen.GetSystemHealthRequest,
    call: CallContext,
  ): Promise<nornen.GetSystemHealthResponse> => {
    const deadlineMs = roundMs(deps, call, 0.8);
    const services = await Promise.all(serviceNames.map((service) => healthOf(deps, service, { call, deadlineMs })));
    return { healthy: services.every(({ ready }) => ready), services };
  };
}

async function healthOf(
  { access, clock }: AdminDeps,
  service: ServiceName,
  asking: { call: CallContext; deadlineMs: number },
): Promise<nornen.ServiceHealth> {
  const known = { service, version: '', checkedAt: clock.now() };
  const begun = performance.now();
  try {
    const [serving, { storedVersion }] = await Promise.all([
      access[service].serving(asking),
      access[service].getSettings(aFewSettings, asking),
    ]);
    const database = storedVersion !== undefined;
    const problems = [...(serving ? [] : ['takes no calls']), ...(database ? [] : ['its database does not answer'])];
    return {
      ...known,
      ready: problems.length === 0,
      checks: [
        { name: 'serving', ok: serving },
        { name: 'database', ok: database },
      ],
      latencyMs: Math.round(performance.now() - begun),
      detail: problems.join('; '),
    };
  } catch (error) {
    const { reason, message } = asFault(error);
    const detail = `${reason}: ${message}`;
    return { ...known, ready: false, checks: [{ name: 'serving', ok: false }], latencyMs: undefined, detail };
  }
}
