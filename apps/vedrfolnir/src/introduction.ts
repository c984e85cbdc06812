import { type njordr } from '@edda/contracts';
import { type Logger } from '@edda/telemetry';
import { agentFaults } from './faults.ts';
import { deviceIdOf, makeConfiguration, makeHello } from './offer/describe-device.ts';
import { makeOffers, type Offers } from './offer/make-offers.ts';
import { awaitDecision } from './registration/await-decision.ts';
import { ensureRegistered, type RegistrationClient } from './registration/ensure-registered.ts';
import { type AgentSettings } from './settings.ts';
import { type Upstream } from './upstream/upstream.ts';

export interface IntroductionOptions {
  settings: AgentSettings;
  upstream: Pick<Upstream, 'name' | 'listModels'>;
  registration: RegistrationClient;
  logger: Logger;
  /** Ends the wait for the market's decision. */
  stopping: AbortSignal;
}

/** Who this agent is and what it offers, found out anew for every connection. */
export interface Introduction {
  /** @throws UpstreamError when the upstream cannot be asked, Fault NO_MODELS or whatever registration answers */
  introduce: (running: string[], signal: AbortSignal) => Promise<{ hello: njordr.Hello; providerId?: string }>;
  /** What the upstream calls a model offered in the last introduction. */
  upstreamModelOf: (model: string) => string | undefined;
}

export function createIntroduction(options: IntroductionOptions): Introduction {
  const { settings, upstream, registration, logger } = options;
  let offers: Offers = { models: [], upstreamNames: new Map() };
  let registeredAs = '';

  async function reportDecision(): Promise<void> {
    const provider = await awaitDecision({
      client: registration,
      providerId: registeredAs,
      timeoutMs: settings.provider.registrationTimeoutMs,
      signal: options.stopping,
    });
    const { status, statusReasonCode, statusReason } = provider ?? {};
    const outcome = { provider_id: registeredAs, status, reason_code: statusReasonCode, detail: statusReason };
    logger.info(outcome, 'where the registration stands');
  }

  return {
    upstreamModelOf: (model) => offers.upstreamNames.get(model),
    async introduce(running, signal) {
      offers = makeOffers(settings, await upstream.listModels(signal));
      if (offers.models.length === 0) throw agentFaults.NO_MODELS(`${upstream.name} has no model to offer`);
      const hello = makeHello(settings, offers, running);
      if (!settings.provider.register || registeredAs !== '') return { hello };
      const configuration = makeConfiguration(settings, offers);
      const provider = await ensureRegistered(registration, deviceIdOf(settings), configuration, signal);
      registeredAs = provider.providerId;
      void reportDecision();
      return { hello, providerId: registeredAs };
    },
  };
}
