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
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    description: 'Base URL of an OTLP/HTTP collector that gets traces: http://host:4318. None are made without it.',
    required: false,
  },
} as const satisfies Record<string, SecretDeclaration>;

export interface ServiceSecrets {
  readonly DATABASE_URL: string;
  readonly EDDA_SERVICE_KEY_FILE: string;
  readonly REDIS_URL?: string | undefined;
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string | undefined;
}
