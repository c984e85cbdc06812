import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createTokenSeal } from './token-seal.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;

describe('token seal', () => {
  it('opens what it sealed, for the same row only, and never seals twice alike', () => {
    const seal = createTokenSeal(key('a'));
    const sealed = seal.seal('tok_ö', 'row-1');
    expect(seal.open(sealed, 'row-1')).toBe('tok_ö');
    expect(sealed.sealed.toString('latin1')).not.toContain('tok_');
    expect(() => seal.open(sealed, 'row-2')).toThrow('does not open');
    expect(seal.seal('tok_ö', 'row-1').sealed.equals(sealed.sealed)).toBe(false);
  });

  it('encrypts with the first key and decrypts with every one, so that keys can be replaced', () => {
    const [old, young] = [key('old'), key('young')];
    const sealed = createTokenSeal(old).seal('tok', 'row');
    const both = createTokenSeal(`${young}, ${old}`);
    expect(both.open(sealed, 'row')).toBe('tok');
    expect(both.seal('tok', 'row').keyId).toBe('young');
    expect(() => createTokenSeal(young).open(sealed, 'row')).toThrow('not configured');
  });

  it('notices any changed byte', () => {
    const seal = createTokenSeal(key('a'));
    const { keyId, sealed } = seal.seal('tok', 'row');
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
      expect(() => seal.open({ keyId, sealed: changed }, 'row')).toThrow('does not open');
    }
    expect(() => seal.open({ keyId, sealed: sealed.subarray(0, 20) }, 'row')).toThrow('does not open');
  });

  it.each(['', 'a', 'a:c2hvcnQ=', `:${randomBytes(32).toString('base64')}`, `${key('a')},`, `${key('a')},${key('a')}`])(
    'refuses the keys "%s" without repeating them',
    (keys) => {
      const attempt = () => createTokenSeal(keys);
      expect(attempt).toThrow(expect.objectContaining({ reason: 'PAYMENT_KEYS_INVALID' }));
      if (keys.length > 8) expect(attempt).not.toThrow(keys.slice(2, 12));
    },
  );
});
