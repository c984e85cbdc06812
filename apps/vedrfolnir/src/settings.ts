import { defineSettings, logSettings, type SettingsOf } from '@edda/settings';
import { z } from 'zod';

const cents = z.int().min(0).max(1_000_000_000);
const milliseconds = (min: number, max: number) => z.int().min(min).max(max);

const price = z.object({
  priceCents: cents,
  outputPriceCents: cents.optional(),
  unitTokens: z.int().min(1).max(1_000_000_000).default(1000),
});

const model = z.object({
  /** As requesters write it. */
  name: z.string().min(1).max(200),
  /** As the upstream writes it; the same by default. */
  upstreamName: z.string().min(1).max(200).optional(),
  contextLength: z.int().min(1).max(1_000_000_000).optional(),
  maxOutputTokens: z.int().min(1).max(1_000_000_000).optional(),
  quantization: z.string().max(64).optional(),
  price: price.optional(),
});

const market = z.object({
  address: z.string().default('127.0.0.1:50051').meta({
    description: 'Host and port of the market’s gRPC interface.',
    reload: 'restart',
    example: 'market.example.org:50051',
  }),
  tls: z.boolean().default(false).meta({
    description: 'Whether the connection to the market is encrypted (TLS); required outside of loopback.',
    reload: 'restart',
    example: true,
  }),
  tlsCaFile: z.string().default('').meta({
    description: 'PEM file of the authority that signed the market’s certificate; empty: the well-known ones.',
    reload: 'restart',
    example: '/etc/edda/ca.pem',
  }),
  tokenFile: z.string().default('').meta({
    description:
      'File with the owner’s token, read anew for every connection; empty: the environment’s VEDRFOLNIR_TOKEN.',
    reload: 'restart',
    example: '/run/secrets/edda-token',
  }),
});

const provider = z.object({
  id: z.string().max(64).default('').meta({
    description: 'Provider id given at registration; empty: the market finds or registers the device by its device id.',
    reload: 'restart',
    example: 'prv_01j8',
  }),
  deviceId: z.string().max(128).default('').meta({
    description: 'Name of this device, unique in its network; empty: the host name.',
    reload: 'restart',
    example: 'attic-workstation',
  }),
  displayName: z.string().max(100).default('').meta({
    description: 'Name shown on the market; empty: the device id.',
    reload: 'restart',
    example: 'Attic workstation',
  }),
  register: z.boolean().default(false).meta({
    description: 'Whether the agent registers the device itself at start and reports how that ended.',
    reload: 'restart',
    example: true,
  }),
  registrationTimeoutMs: milliseconds(1000, 600_000).default(60_000).meta({
    description:
      'How long the agent follows its registration before it only logs that it is still pending; milliseconds.',
    reload: 'restart',
  }),
  capacity: z.int().min(1).max(10_000).default(1).meta({
    description: 'Jobs served at the same time; further ones are refused and go to other providers.',
    reload: 'restart',
    example: 4,
  }),
  price: price.default({ priceCents: 1, unitTokens: 1000 }).meta({
    description:
      'Price in cents per `unitTokens` tokens; `outputPriceCents` for output tokens if they differ. Used at the first registration only.',
    reload: 'restart',
    example: { priceCents: 2, outputPriceCents: 6, unitTokens: 10_000 },
  }),
  sharing: z.enum(['own-network', 'trusted', 'public']).default('own-network').meta({
    description: 'Who may use this device. Used at the first registration only.',
    reload: 'restart',
    example: 'public',
  }),
  trustedNetworks: z
    .array(z.string().min(1))
    .max(1000)
    .default([])
    .meta({
      description: 'Networks served beside the own one when sharing is `trusted`.',
      reload: 'restart',
      example: ['friends'],
    }),
  gpus: z
    .array(z.object({ name: z.string().min(1).max(200), memoryBytes: z.int().min(0).default(0) }))
    .max(64)
    .default([])
    .meta({
      description: 'Graphics processors, for information; processor, memory and system are found out by the agent.',
      reload: 'restart',
      example: [{ name: 'RTX 4090', memoryBytes: 25_769_803_776 }],
    }),
});

const models = z
  .array(model)
  .max(200)
  .default([])
  .meta({
    description:
      'Models to offer, each with an optional upstream name, context length, output limit, quantization and price; none: whatever the upstream lists.',
    reload: 'restart',
    example: [{ name: 'llama-3.1-8b', upstreamName: 'llama3.1:8b', contextLength: 8192 }],
  });

const upstream = z.object({
  kind: z.enum(['openai', 'builtin']).default('builtin').meta({
    description:
      '`openai`: any server with OpenAI’s HTTP interface; `builtin`: the small language model in this program.',
    reload: 'restart',
    example: 'openai',
  }),
  defaultContextLength: z.int().min(1).max(1_000_000_000).default(4096).meta({
    description: 'Context length of models whose server does not tell, tokens.',
    reload: 'restart',
  }),
  continues: z.boolean().default(true).meta({
    description: 'Whether the models can go on behind a given beginning; the market verifies it with a probe.',
    reload: 'restart',
  }),
  openai: z.object({
    baseUrl: z.url().default('http://127.0.0.1:11434').meta({
      description: 'Base URL of the server, with or without /v1.',
      reload: 'restart',
      example: 'http://127.0.0.1:8000/v1',
    }),
    continuation: z.enum(['assistant-prefill', 'vllm']).default('assistant-prefill').meta({
      description:
        'How the server is told to continue a beginning: by a trailing assistant message alone, or with vLLM’s extra options.',
      reload: 'restart',
      example: 'vllm',
    }),
    runtime: z.string().max(100).default('').meta({
      description: 'Name of the server program, for information.',
      reload: 'restart',
      example: 'ollama',
    }),
    firstTokenTimeoutMs: milliseconds(100, 290_000).default(120_000).meta({
      description: 'Longest wait for the first piece of an answer, loading the model included; milliseconds.',
      reload: 'restart',
    }),
    idleTimeoutMs: milliseconds(100, 290_000).default(30_000).meta({
      description: 'Longest silence between two pieces of an answer, milliseconds.',
      reload: 'restart',
    }),
  }),
  builtin: z.object({
    model: z.string().min(1).max(200).default('builtin-ngram').meta({
      description: 'Name of the builtin model.',
      reload: 'restart',
    }),
    quality: z.int().min(2).max(5).default(4).meta({
      description: 'How many words the builtin model looks at together; more is better.',
      reload: 'restart',
      example: 2,
    }),
    contextLength: z.int().min(64).max(1_000_000).default(8192).meta({
      description: 'Context length of the builtin model, tokens.',
      reload: 'restart',
    }),
    tokensPerSecond: z.number().min(0).max(100_000).default(0).meta({
      description: 'Artificial speed of the builtin model; 0 is as fast as it can.',
      reload: 'restart',
      example: 40,
    }),
    firstTokenDelayMs: milliseconds(0, 60_000).default(0).meta({
      description: 'Artificial wait of the builtin model before the first piece, milliseconds.',
      reload: 'restart',
      example: 150,
    }),
  }),
});

const link = z.object({
  welcomeTimeoutMs: milliseconds(100, 60_000).default(10_000).meta({
    description: 'Longest wait for the market’s welcome, milliseconds.',
    reload: 'restart',
  }),
  reconnectBaseMs: milliseconds(10, 60_000).default(500).meta({
    description: 'First wait after a lost connection, milliseconds; doubles with every failure, minus a random half.',
    reload: 'restart',
  }),
  reconnectMaxMs: milliseconds(10, 600_000).default(30_000).meta({
    description: 'Longest wait between two attempts to connect, milliseconds.',
    reload: 'restart',
  }),
  stableAfterMs: milliseconds(0, 600_000).default(30_000).meta({
    description: 'A connection that lived this long resets the wait; milliseconds.',
    reload: 'restart',
  }),
  drainGraceMs: milliseconds(0, 600_000).default(30_000).meta({
    description: 'How long running jobs may finish when the agent is told to stop, milliseconds.',
    reload: 'restart',
  }),
});

const operations = z.object({
  enabled: z.boolean().default(true).meta({
    description: 'Whether /healthz, /readyz and /metrics are served.',
    reload: 'restart',
  }),
  host: z.string().default('127.0.0.1').meta({ description: 'Address they are served on.', reload: 'restart' }),
  port: z.int().min(0).max(65_535).default(9055).meta({
    description: 'Port they are served on; 0 takes any free one.',
    reload: 'restart',
  }),
});

/** Everything the agent can be told; the table in the README is made from it. */
export const agentSettings = defineSettings({
  service: 'vedrfolnir',
  shape: z.object({ market, provider, models, upstream, link, operations, log: logSettings() }),
  crossCheck(values) {
    const names = values.models.map(({ name }) => name);
    const repeated = names.filter((name, at) => names.indexOf(name) !== at);
    return [
      ...repeated.map((name) => ({ field: 'models', description: `${name} stands there twice` })),
      ...(values.link.reconnectMaxMs < values.link.reconnectBaseMs
        ? [{ field: 'link.reconnectMaxMs', description: 'must not be below link.reconnectBaseMs' }]
        : []),
    ];
  },
});

export type AgentSettings = SettingsOf<typeof agentSettings>;

/** What the agent takes from its environment. */
export const agentSecrets = {
  VEDRFOLNIR_TOKEN: {
    description: 'The owner’s token for the market (role provider or user), unless market.tokenFile names a file.',
    required: false,
  },
  VEDRFOLNIR_UPSTREAM_API_KEY: {
    description: 'API key of an OpenAI-compatible server that asks for one.',
    required: false,
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    description: 'Base URL of an OTLP/HTTP collector that gets traces: http://host:4318. None are made without it.',
    required: false,
  },
} as const;
