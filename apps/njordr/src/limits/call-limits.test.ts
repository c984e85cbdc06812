import { type Identity } from '@edda/grpc-kit';
import { createInProcessKit } from '@edda/redis-kit';
import { describe, expect, it } from 'vitest';
import { createCallLimits } from './call-limits.ts';

const identity = (subject: string, networkId: string, role: 'user' | 'service' = 'user'): Identity => ({
  ...{ subject, networkId },
  roles: new Set([role]),
});
const nobody = { subject: '', networkId: '', roles: new Set<never>() };
const limitsOf = (perUserPerMinute: number, perAddressPerMinute = 1) =>
  createCallLimits({
    limits: createInProcessKit().limits,
    settings: () => ({ perUserPerMinute, perAddressPerMinute }),
  });

describe('limits of callers', () => {
  it('count each user of each network, whatever the address', async () => {
    const limits = limitsOf(1);
    await limits.admit(identity('ada', 'n'), 'here');
    await expect(limits.admit(identity('ada', 'n'), 'there')).rejects.toMatchObject({
      reason: 'RATE_LIMITED',
      kind: 'exhausted',
      retryAfterMs: expect.any(Number) as number,
    });
    await limits.admit(identity('bob', 'n'), 'here');
    await limits.admit(identity('ada', 'm'), 'here');
    await limits.admit(identity('a'.repeat(5_000), 'm'), 'here');
  });

  it('count nobody by the address, and do not count services', async () => {
    const limits = limitsOf(1);
    await limits.admit(nobody, 'here');
    await expect(limits.admit(nobody, 'here')).rejects.toMatchObject({ reason: 'RATE_LIMITED' });
    await limits.admit(nobody, 'there');
    for (let i = 0; i < 5; i += 1) expect(limits.admit(identity('yggdrasil', 'n', 'service'), 'here')).toBeUndefined();
  });
});
