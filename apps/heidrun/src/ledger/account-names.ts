/** Whose account: a user is its subject within a tenant, so equal subjects of two tenants never share money. */
export interface UserKey {
  networkId: string;
  userId: string;
}

export type AccountKind = 'wallet' | 'earnings' | 'revenue' | 'clearing' | 'dispute' | 'payout';

/** A row of the ledger: striped accounts have several per base. */
export interface AccountRow {
  name: string;
  base: string;
  kind: AccountKind;
}

/** The canonical form of a user: `<network>/<user>`, the network URI-encoded, so that the first `/` separates. */
export const userKey = ({ networkId, userId }: UserKey): string => `${encodeURIComponent(networkId)}/${userId}`;

/** What a user pays from. */
export const walletOf = (user: UserKey): string => `wallet:${userKey(user)}`;
/** What a provider's owner earns. */
export const earningsOf = (owner: UserKey): string => `earnings:${userKey(owner)}`;
/** The company's part; striped. */
export const companyRevenue = 'revenue:company';
/** Money on its way from or to a payment provider; striped. */
export const clearingOf = (paymentProvider: string): string => `clearing:${paymentProvider}`;

/** Whose wallet or earnings an account is; undefined for any other account. */
export function userOfAccount(account: string): UserKey | undefined {
  const match = /^(?:wallet|earnings):([^/]+)\/(.+)$/s.exec(account);
  const [, network, userId] = match ?? [];
  return network === undefined || userId === undefined ? undefined : { networkId: decodeURIComponent(network), userId };
}

/** Money set aside for a payout, until the bank has it. */
export const payoutAccountOf = (payoutId: string): string => `payout:${payoutId}`;

/** Rows per striped account: 16 concurrent captures rarely meet on one. Changing it later is safe; sums are by base. */
export const STRIPES = 16;

const kinds: readonly string[] = ['wallet', 'earnings', 'revenue', 'clearing', 'dispute', 'payout'];
const stripedKinds: ReadonlySet<string> = new Set(['revenue', 'clearing']);

/** Whether an account has several rows. */
export const isStriped = (account: string): boolean => stripedKinds.has(account.slice(0, account.indexOf(':')));

/** The kind an account's name begins with, or undefined. */
export function kindOf(account: string): AccountKind | undefined {
  const kind = account.slice(0, account.indexOf(':'));
  return kinds.includes(kind) ? (kind as AccountKind) : undefined;
}

/**
 * The row that serves an account for one cause: itself, or one stripe chosen by `cause` (a transaction or transfer id).
 * @throws TypeError for a name that is no account's
 */
export function rowOf(account: string, cause: string): AccountRow {
  const kind = kindOf(account);
  if (kind === undefined) throw new TypeError(`not an account: ${account}`);
  if (!stripedKinds.has(kind)) return { name: account, base: account, kind };
  const stripe = String(hash(cause) % STRIPES).padStart(2, '0');
  return { name: `${account}#${stripe}`, base: account, kind };
}

/** FNV-1a, 32 bits: spreads ids evenly and is stable over versions. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
