import { describe, expect, expectTypeOf, it } from 'vitest';
import { secretsFromEnv, secretsMarkdownTable } from './index.ts';

const table = {
  DATABASE_URL: { description: 'Connection.', required: true },
  KEY: { description: 'Key.', required: true },
  REDIS_URL: { description: 'Cache.', required: false },
  ISSUER: { description: 'Issuer.', required: false, default: 'edda' },
} as const;

describe('secretsFromEnv', () => {
  it('takes what is declared, with defaults, typed by whether it can be absent', () => {
    const secrets = secretsFromEnv(table, { DATABASE_URL: 'd', KEY: 'k', OTHER: 'o' });
    expect(secrets).toEqual({ DATABASE_URL: 'd', KEY: 'k', REDIS_URL: undefined, ISSUER: 'edda' });
    expectTypeOf(secrets.KEY).toEqualTypeOf<string>();
    expectTypeOf(secrets.ISSUER).toEqualTypeOf<string>();
    expectTypeOf(secrets.REDIS_URL).toEqualTypeOf<string | undefined>();
  });

  it('names every missing or empty secret at once, and no values', () => {
    const attempt = () => secretsFromEnv(table, { KEY: '', REDIS_URL: 'redis://secret' });
    expect(attempt).toThrow('missing in the environment: DATABASE_URL, KEY');
    expect(attempt).not.toThrow('redis://secret');
  });

  it('is listed in a table', () => {
    expect(secretsMarkdownTable(table)).toContain('| `REDIS_URL` | no | Cache. |');
  });
});
