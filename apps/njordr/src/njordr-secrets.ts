import { serviceSecrets } from '@edda/service-kit';
import { type SecretDeclaration } from '@edda/settings';

/** What Njörðr takes from its environment. */
export const njordrSecrets = {
  ...serviceSecrets,
  NJORDR_RESULT_KEYS: {
    description:
      'Keys that encrypt kept answers, `id:base64` of 32 bytes each, separated by commas. The first one encrypts, the others still decrypt.',
    required: true,
  },
} as const satisfies Record<string, SecretDeclaration>;
