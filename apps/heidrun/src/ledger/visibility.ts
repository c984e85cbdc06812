import { type Identity } from '@edda/grpc-kit';
import { type UserKey } from './account-names.ts';

/** Admins and services see all accounts; users and providers their own. */
export const seesEverything = ({ roles }: Identity): boolean => roles.has('admin') || roles.has('service');

/** The user a call is for. */
export const userOf = ({ subject, networkId }: Identity): UserKey => ({ networkId, userId: subject });

/** Who sent the call: the acting service, where there is one. Idempotency keys belong to it. */
export const callerOf = ({ subject, actor }: Identity): string => actor?.subject ?? subject;
