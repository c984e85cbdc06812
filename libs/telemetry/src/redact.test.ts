import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createMemoryLogger, isSecretName, redactFields, redactText } from './index.ts';

const secret = 'hunter2-very-secret';

describe('Privacy: prompts, answers and secrets never reach a log', () => {
  const names = [
    'authorization',
    'Proxy-Authorization',
    'x-api-key',
    'apiKey',
    'token',
    'access_token',
    'tokens',
    'card_token',
    'paymentMethodToken',
    'clientSecret',
    'password',
    'prompt',
    'system_prompt',
    'messages',
    'content',
    'reasoning_content',
    'set-cookie',
    'text',
    'delta',
    'privateJwk',
  ];

  it.each(names)('%s is redacted, nested in objects and lists', (name) => {
    const { logger, text } = createMemoryLogger();
    logger.info({ [name]: secret, a: { b: [{ [name]: secret }, { [name]: [secret] }] } }, 'x');
    logger.child({ deep: { [name]: { value: secret } } }).info('y');
    expect(text()).not.toContain(secret);
    expect(text()).toContain('[redacted]');
  });

  it.each(['context', 'tokenizer', 'content_type', 'message', 'request_id', 'model', 'key_id', 'company'])(
    '%s is not a secret',
    (name) => expect(isSecretName(name)).toBe(false),
  );

  it('keeps counts, which share their names with secrets', () => {
    expect(redactFields({ input_tokens: 12, tokens: 3n, messages: 4, token: null })).toEqual({
      input_tokens: 12,
      tokens: 3,
      messages: 4,
      token: null,
    });
  });

  it('hides card data even as numbers', () => {
    expect(redactFields({ card_number: 4242424242424242, cvc: 123 })).toEqual({
      card_number: '[redacted]',
      cvc: '[redacted]',
    });
  });

  it('finds a secret at any place of any structure', () => {
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constant({ password: secret }),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'prompt', '__proto__'), tie('node'), { maxKeys: 3 }),
      ),
    })).node;
    fc.assert(fc.property(tree, (node) => !JSON.stringify(redactFields({ node })).includes(secret)));
  });
});

describe('redactText', () => {
  it.each([
    [`Bearer ${secret}`, 'Bearer [redacted]'],
    ['token eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1In0.c2ln rest', 'token [redacted] rest'],
    [
      'connect postgresql://edda:pa55@localhost:5432/x failed',
      'connect postgresql://edda:[redacted]@localhost:5432/x failed',
    ],
    ['https://example.org:443/a@b stays', 'https://example.org:443/a@b stays'],
  ])('%s', (given, expected) => expect(redactText(given)).toBe(expected));

  it('applies to messages and errors', () => {
    const { logger, text } = createMemoryLogger();
    logger.error(new Error(`refused Bearer ${secret}`), `sent Bearer ${secret}`);
    logger.info(`sent Bearer ${secret}`);
    expect(text()).not.toContain(secret);
  });
});

describe('bounds', () => {
  it('keep bigints exact: numbers up to 2^53 − 1, text beyond', () => {
    expect(redactFields({ small: 12n, big: 2n ** 53n })).toEqual({ small: 12, big: '9007199254740992' });
  });

  it('cuts long texts, long lists, deep nesting and cycles', () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const result = redactFields({ long: 'x'.repeat(10_000), list: Array(1_000).fill(1), cycle });
    expect((result.long as string).length).toBeLessThan(8_300);
    expect(result.list).toHaveLength(101);
    expect(JSON.stringify(result.cycle)).toContain('[too deep]');
  });

  it('does not touch what it was given, and survives odd values', () => {
    const given = {
      token: 'a',
      when: new Date(0),
      bytes: new Uint8Array(3),
      map: new Map([['token', 'b']]),
      f: () => 1,
    };
    expect(redactFields(given)).toEqual({
      token: '[redacted]',
      when: '1970-01-01T00:00:00.000Z',
      bytes: '[3 bytes]',
      map: { token: '[redacted]' },
      f: undefined,
    });
    expect(given.token).toBe('a');
  });
});
