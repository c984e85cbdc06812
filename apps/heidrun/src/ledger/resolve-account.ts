import { type Identity } from '@edda/grpc-kit';
import { kindOf, userKey, walletOf } from './account-names.ts';
import { userOf } from './visibility.ts';

/**
 * The full name of an account as callers write it: '' is the caller's own wallet, and `wallet:<user>` or
 * `earnings:<user>` without a tenant mean the caller's own tenant.
 */
export function resolveAccount(accountId: string, identity: Identity): string {
  if (accountId === '') return walletOf(userOf(identity));
  const kind = kindOf(accountId);
  if ((kind !== 'wallet' && kind !== 'earnings') || accountId.includes('/')) return accountId;
  return `${kind}:${userKey({ networkId: identity.networkId, userId: accountId.slice(kind.length + 1) })}`;
}
