import { njordr } from '@edda/contracts';
import { type CallContext, type Handlers, type RulesTable } from '@edda/grpc-kit';
import { type Clock, type Logger, type Metrics } from '@edda/telemetry';
import { createAgentStream } from './agent-stream.ts';
import { type LinkHubControl } from './create-link-hub.ts';
import { type LinkRegistry } from './link-registry.ts';
import { type LinkSettings } from './link-settings.ts';

export interface LinkHandlerDeps {
  hub: LinkHubControl;
  registry: LinkRegistry;
  clock: Clock;
  logger: Logger;
  metrics: Metrics;
  settings: () => { link: LinkSettings };
}

/** Rows of the rules table for ProviderLink: the stream outlives any deadline and drains in its own way. */
export const linkRules: RulesTable = {
  [njordr.ProviderLinkService.connect.path]: { roles: ['provider', 'service'], longLived: true, endsOnDrain: false },
};

/** The handler of ProviderLink.Connect. */
export function createLinkHandlers(deps: LinkHandlerDeps): Handlers<typeof njordr.ProviderLinkService> {
  const rejections = deps.metrics.counter({
    name: 'edda_njordr_link_rejections_total',
    help: 'Messages of agents that were refused, by reason.',
    labelNames: ['reason'],
  });
  return {
    async *connect(requests: AsyncIterable<njordr.AgentMessage>, ctx: CallContext) {
      const stream = createAgentStream({ ...deps, ctx, onRejected: (reason) => rejections.inc({ reason }) });
      const reading = stream.read(requests);
      try {
        yield* stream.outgoing;
        await reading;
      } finally {
        stream.close('the connection was lost');
      }
    },
  };
}
