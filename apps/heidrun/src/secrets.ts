import { serviceSecrets } from '@edda/service-kit';
import { type SecretDeclaration, type Secrets } from '@edda/settings';

/** What Heidrun takes from its environment. */
export const secretsTable = {
  ...serviceSecrets,
  HEIDRUN_PAYMENT_KEYS: {
    description:
      'AES-256 keys that keep payment tokens unreadable, `id:base64` of 32 bytes each, comma-separated; the first encrypts.',
    required: true,
  },
  STRIPE_SECRET_KEY: {
    description: 'Stripe’s secret key (`sk_…`); needed where `payments.provider` is `stripe`.',
    required: false,
  },
  STRIPE_WEBHOOK_SECRET: {
    description: 'What Stripe signs its notifications with (`whsec_…`); needed where `payments.provider` is `stripe`.',
    required: false,
  },
  ANTHROPIC_API_KEY: {
    description:
      'Anthropic’s API key (`sk-ant-…`): Claude’s tokens are then counted by its endpoint, which sees the texts.',
    required: false,
  },
} as const satisfies Record<string, SecretDeclaration>;

type Table = typeof secretsTable;
type Required = { [Name in keyof Table]: Table[Name]['required'] extends true ? Name : never }[keyof Table];

/** What Heidrun is given; what only some payment provider needs may be left out. */
export type HeidrunSecrets = Pick<Secrets<Table>, Required> & Partial<Secrets<Table>>;
