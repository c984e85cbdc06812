import { defineFaults } from '@edda/faults';

/** The reasons the agent itself raises; they stop it at start or stand in its log. */
export const agentFaults = defineFaults('vedrfolnir', {
  NO_TOKEN: {
    kind: 'unauthenticated',
    meaning: 'There is no token to connect to the market with.',
    remedy: 'Set VEDRFOLNIR_TOKEN, or name a readable file in market.tokenFile.',
  },
  NO_MODELS: {
    kind: 'precondition',
    meaning: 'The upstream has none of the models to offer.',
    remedy: 'Load a model in the upstream, or correct `models` in the settings.',
  },
});
