import { logSettings } from '@edda/settings';
import { z } from 'zod';

const port = (fallback: number) => z.int().min(0).max(65_535).default(fallback);
const file = (description: string, example: string) =>
  z.string().min(1).optional().meta({ description, reload: 'restart', example });

/** The settings groups that every service has, to be spread into its own schema. @param ports its default ports */
export function serviceSettings(ports: { grpc: number; operations: number }) {
  return {
    grpc: z
      .object({
        host: z
          .string()
          .default('127.0.0.1')
          .meta({ description: 'Address the gRPC server listens on.', reload: 'restart', example: '0.0.0.0' }),
        port: port(ports.grpc).meta({
          description: 'Port of the gRPC server; 0 takes a free one.',
          reload: 'restart',
          example: ports.grpc,
        }),
        allowInsecure: z.boolean().default(false).meta({
          description: 'Permits listening beyond loopback without TLS, e.g. inside a private container network.',
          reload: 'restart',
          example: true,
        }),
        tls: z
          .object({
            certFile: file('Server certificate, PEM. With keyFile it turns TLS on.', '/run/tls/tls.crt'),
            keyFile: file('Private key of that certificate, PEM.', '/run/tls/tls.key'),
            caFile: file('Authority that must have signed client certificates (mutual TLS), PEM.', '/run/tls/ca.crt'),
          })
          .prefault({}),
      })
      .prefault({}),
    operations: z
      .object({
        host: z
          .string()
          .default('127.0.0.1')
          .meta({ description: 'Address of /healthz, /readyz and /metrics.', reload: 'restart', example: '0.0.0.0' }),
        port: port(ports.operations).meta({
          description: 'Port of /healthz, /readyz and /metrics; 0 takes a free one.',
          reload: 'restart',
          example: ports.operations,
        }),
      })
      .prefault({}),
    log: logSettings(),
    auth: z
      .object({
        issuer: z.string().min(1).default('edda').meta({
          description: 'Issuer (`iss`) that tokens must name.',
          reload: 'restart',
          example: 'https://id.example.org',
        }),
        jwksFile: file(
          'File with the public keys (JWKS) that verify tokens; read again when it changes.',
          '/run/keys/jwks.json',
        ),
        jwksUrl: z.url().optional().meta({
          description: 'URL of those keys, instead of a file.',
          reload: 'restart',
          example: 'https://id.example.org/jwks.json',
        }),
      })
      .prefault({}),
    database: z
      .object({
        poolSize: z
          .int()
          .min(1)
          .max(200)
          .default(10)
          .meta({ description: 'Most database connections at once.', reload: 'restart', example: 20 }),
      })
      .prefault({}),
    audit: auditGroup(),
    settings: settingsGroup(),
  };
}

function settingsGroup() {
  return z
    .object({
      pollIntervalMs: z.int().min(50).max(1_000).default(500).meta({
        description: 'How late a change made through another replica is seen, ms.',
        reload: 'live',
        example: 250,
      }),
      maxWatchers: z.int().min(1).max(1_000).default(50).meta({
        description: 'Streams of WatchSettings open at once; more answer RATE_LIMITED.',
        reload: 'live',
        example: 10,
      }),
    })
    .prefault({});
}

function auditGroup() {
  return z
    .object({
      seal: z
        .object({
          intervalMs: z.int().min(10).max(60_000).default(1_000).meta({
            description: 'How often audit records that wait for their place in the chain are looked for, ms.',
            reload: 'live',
            example: 500,
          }),
          batchSize: z.int().min(1).max(10_000).default(1_000).meta({
            description: 'Most audit records sealed in one transaction.',
            reload: 'live',
            example: 2_000,
          }),
        })
        .prefault({}),
      anchor: z
        .object({
          file: file(
            'File the head of the audit chain is appended to, one JSON line each; keep it where the database’s owner cannot write.',
            '/mnt/worm/edda-anchors.jsonl',
          ),
          url: z
            .url({ protocol: /^https?$/ })
            .optional()
            .meta({
              description: 'URL the head of the audit chain is posted to, and its newest anchor asked from.',
              reload: 'restart',
              example: 'https://anchor.example.org/edda',
            }),
          intervalSeconds: z.int().min(1).max(86_400).default(60).meta({
            description: 'How often the head of the audit chain is anchored when it moved, seconds.',
            reload: 'live',
            example: 300,
          }),
        })
        .prefault({}),
    })
    .prefault({});
}

/** A peer's gRPC address. @param reload `live` for a peer asked through `peerAt` */
export function peerAddress(name: string, defaultPort: number, reload: 'live' | 'restart' = 'restart') {
  return z
    .string()
    .regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, 'must be host:port')
    .default(`127.0.0.1:${defaultPort}`)
    .meta({
      description: `gRPC address of ${name}.`,
      reload,
      example: `${name.toLowerCase()}:${defaultPort}`,
    });
}

/** TLS towards all peers. */
export function peerTls() {
  return z
    .object({
      caFile: file('Authority that signs the peers’ certificates, PEM; setting it turns TLS on.', '/run/tls/ca.crt'),
      certFile: file('This service’s client certificate, PEM (mutual TLS).', '/run/tls/tls.crt'),
      keyFile: file('Private key of that certificate, PEM.', '/run/tls/tls.key'),
    })
    .prefault({});
}

/** What `openService` reads of a service's settings. */
export type ServiceSettings = {
  readonly [Group in keyof ReturnType<typeof serviceSettings>]: z.output<ReturnType<typeof serviceSettings>[Group]>;
};

export type PeerTls = z.output<ReturnType<typeof peerTls>>;
