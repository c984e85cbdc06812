import { serviceSecrets } from '@edda/service-kit';
import { type SecretDeclaration } from '@edda/settings';

/** What Heidrun takes from its environment. */
export const secretsTable = {
  ...serviceSecrets,
  HEIDRUN_PAYMENT_KEYS: {
    description:
      'AES-256 keys that keep payment tokens unreadable, `id:base64` of 32 bytes each, comma-separated; the first encrypts.',
    required: true,
  },
} as const satisfies Record<string, SecretDeclaration>;
