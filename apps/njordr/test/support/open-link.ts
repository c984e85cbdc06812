import { njordr } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { implement, type ServiceEntry, type TokenVerifier } from '@edda/grpc-kit';
import { createInProcessKit } from '@edda/redis-kit';
import { type Metrics, silentLogger, systemClock } from '@edda/telemetry';
import { createEdge } from '../../src/edge/create-edge.ts';
import { type EdgeSettings, edgeSettings } from '../../src/edge/edge-settings.ts';
import { createLinkHandlers } from '../../src/link/create-link-handlers.ts';
import { createLinkHub } from '../../src/link/create-link-hub.ts';
import { type LinkRegistry } from '../../src/link/link-registry.ts';
import { type LinkSettings } from '../../src/link/link-settings.ts';
import { type ProviderDirectory } from '../../src/providers/provider-directory.ts';
import { createCallLimits } from '../../src/limits/call-limits.ts';
import { limitSettings } from '../../src/limits/limit-settings.ts';
import { rules } from '../../src/rules.ts';

/** The real link; the providers are known by the names of their devices. */
export function openLink(options: { providers: string[]; metrics: Metrics; settings: () => LinkSettings }) {
  const { providers, metrics, settings } = options;
  const logger = silentLogger();
  const hub = createLinkHub({ clock: systemClock, logger, metrics, settings });
  hub.start();
  const registry: LinkRegistry = {
    greet({ deviceId, ownerId }) {
      const own = providers.includes(deviceId) && ownerId === `owner-${deviceId}`;
      if (!own) return Promise.reject(commonFaults.NOT_FOUND('There is no such provider.'));
      return Promise.resolve({ providerId: deviceId, status: njordr.ProviderStatus.ACTIVE });
    },
    connected: () => undefined,
    statusOf: () => njordr.ProviderStatus.ACTIVE,
  };
  const handlers = createLinkHandlers({
    ...{ hub, registry, clock: systemClock, logger, metrics },
    settings: () => ({ link: settings() }),
  });
  return { hub, service: implement(njordr.ProviderLinkService, handlers), close: () => hub.close() };
}

/** The HTTP edge over these services, on a free port. */
export async function openEdge(options: {
  services: readonly ServiceEntry[];
  auth: TokenVerifier;
  metrics: Metrics;
  directory: Pick<ProviderDirectory, 'models' | 'offers'>;
  http: Partial<EdgeSettings>;
}) {
  const { services, auth, metrics, directory, http } = options;
  const given = new Set(services.map(({ definition }) => definition));
  const rest = [
    ...[njordr.ProviderServiceService, njordr.ComputeServiceService, njordr.TransactionServiceService],
    ...[njordr.ApiKeyServiceService, njordr.AnalyticsServiceService],
  ].filter((definition) => !given.has(definition));
  const settings = { ...edgeSettings().parse(undefined), ...http };
  const redis = createInProcessKit();
  const limits = createCallLimits({ limits: redis.limits, settings: () => limitSettings().parse(undefined) });
  const edge = await createEdge({
    services: [...services, ...rest.map((definition) => implement(definition, {}))],
    ...{ rules, directory, verifier: auth, logger: silentLogger(), metrics, settings: () => settings },
    ...{ cache: redis.cache, limits },
    payments: {} as never,
  });
  const port = await edge.listen({ host: '127.0.0.1', port: 0 });
  return { url: `http://127.0.0.1:${port}`, close: () => edge.close({ graceMs: 100 }) };
}
