/** What a token entitles to: own objects as a user or provider, other people's through edda-act-as as a service. */
export const roles = ['user', 'provider', 'service', 'admin'] as const;

export type Role = (typeof roles)[number];

/** Who a call is for. Owner of objects = `subject`, tenant = `networkId`. */
export interface Identity {
  readonly subject: string;
  readonly networkId: string;
  readonly roles: ReadonlySet<Role>;
  /** The service that acts for the subject (edda-act-as); absent when the subject calls itself. */
  readonly actor?: { readonly subject: string };
  /** When the token's lifetime ends; absent only on public methods called without a token. */
  readonly expiresAt?: Date;
}

/** The identity of a call without a token, possible on `public` methods only. */
export const anonymous: Identity = Object.freeze({ subject: '', networkId: '', roles: new Set<Role>() });
