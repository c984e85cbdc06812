import { type SecretDeclaration } from '@edda/settings';

/** The secrets that every service takes from its environment. */
export const serviceSecrets = {
  DATABASE_URL: {
    description: 'PostgreSQL of this service: postgres://role:password@host:port/database.',
    required: true,
  },
  EDDA_SERVICE_KEY_FILE: {
    description: 'File with the private JWK that signs this service’s own tokens.',
    required: true,
  },
  REDIS_URL: {
    description: 'Redis shared by all replicas: redis://user:password@host:port. Needed as soon as there are two.',
    required: false,
  },
} as const satisfies Record<string, SecretDeclaration>;

export interface ServiceSecrets {
  readonly DATABASE_URL: string;
  readonly EDDA_SERVICE_KEY_FILE: string;
  readonly REDIS_URL?: string | undefined;
}
