import { randomBytes } from 'node:crypto';
import { njordr } from '@edda/contracts';
import { describe, expect, it } from 'vitest';
import { createResultVault } from './result-vault.ts';

const key = (id: string) => `${id}:${randomBytes(32).toString('base64')}`;
const answer = njordr.ComputeResult.fromPartial({ content: 'the secret answer', reasoning: 'why' });

describe('domain.md, privacy: answers are kept encrypted', () => {
  it('brings an answer back, and does not show it', () => {
    const vault = createResultVault(key('a'));
    const sealed = vault.seal('r1', answer);
    expect(sealed.toString('latin1')).not.toContain('secret');
    expect(vault.open('r1', sealed)).toEqual(answer);
  });

  it('opens with a former key, not with an unknown one', () => {
    const former = key('a');
    const sealed = createResultVault(former).seal('r1', answer);
    expect(createResultVault(`${key('b')},${former}`).open('r1', sealed)).toEqual(answer);
    expect(createResultVault(key('b')).open('r1', sealed)).toBeUndefined();
    expect(createResultVault(key('a')).open('r1', sealed)).toBeUndefined();
  });

  it('refuses an answer of another request or one that was changed', () => {
    const vault = createResultVault(key('a'));
    const sealed = vault.seal('r1', answer);
    expect(vault.open('r2', sealed)).toBeUndefined();
    sealed[sealed.length - 1]! ^= 1;
    expect(vault.open('r1', sealed)).toBeUndefined();
    expect(vault.open('r1', Buffer.from('x'))).toBeUndefined();
  });

  it.each(['', 'a', 'a:short', `a:${randomBytes(16).toString('base64')}`])('refuses the key %j', (keys) => {
    expect(() => createResultVault(keys)).toThrow(TypeError);
  });
});
