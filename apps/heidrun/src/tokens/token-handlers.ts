import { heidrun } from '@edda/contracts';
import { type Handlers, type RulesTable } from '@edda/grpc-kit';
import { createCountTokens, type TokenDeps } from './count-tokens.ts';

/** TokenService. Usage records (TrackTokens, AggregateTokens) come with a later version. */
export function createTokenHandlers(deps: TokenDeps): Handlers<typeof heidrun.TokenServiceService> {
  return { countTokens: createCountTokens(deps) };
}

const { countTokens, trackTokens, aggregateTokens } = heidrun.TokenServiceService;

/** Who may call TokenService. */
export const tokenRules: RulesTable = {
  [countTokens.path]: { roles: ['user', 'provider', 'service', 'admin'] },
  [trackTokens.path]: { roles: ['service'] },
  [aggregateTokens.path]: { roles: ['user', 'provider', 'service', 'admin'] },
};
