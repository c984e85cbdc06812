import { heidrun } from '@edda/contracts';
import { type Handlers, type RulesTable } from '@edda/grpc-kit';
import { createAggregateTokens } from './aggregate-tokens.ts';
import { createCountTokens, type TokenDeps } from './count-tokens.ts';
import { createTrackTokens } from './track-tokens.ts';
import { type UsageDeps } from './usage-deps.ts';

/** TokenService. */
export function createTokenHandlers(deps: TokenDeps & UsageDeps): Handlers<typeof heidrun.TokenServiceService> {
  return {
    countTokens: createCountTokens(deps),
    trackTokens: createTrackTokens(deps),
    aggregateTokens: createAggregateTokens(deps),
  };
}

const { countTokens, trackTokens, aggregateTokens } = heidrun.TokenServiceService;

/** Who may call TokenService. */
export const tokenRules: RulesTable = {
  [countTokens.path]: { roles: ['user', 'provider', 'service', 'admin'] },
  [trackTokens.path]: { roles: ['service'] },
  [aggregateTokens.path]: { roles: ['user', 'provider', 'service', 'admin'] },
};
