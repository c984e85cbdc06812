import { commonFaults, invalidInput } from '@edda/faults';
import { type Identity, type Role } from './identity.ts';
import { metadataKeys } from './metadata-keys.ts';

/** The user a service acts for. */
export interface ActAs {
  subject: string;
  networkId: string;
}

const form = /^sub=([^;=]+);network=([^;=]+)$/;
const rolesOfUser: ReadonlySet<Role> = new Set<Role>(['user', 'provider']);

/** Renders the header's value; both parts are URI-encoded, so that it stays ASCII and unambiguous. */
export function encodeActAs(actAs: ActAs): string {
  return `sub=${encodeURIComponent(actAs.subject)};network=${encodeURIComponent(actAs.networkId)}`;
}

/**
 * The identity a service has while it acts for a user: the user's subject and network with a user's roles,
 * the service kept as actor so that both are audited.
 * @throws ROLE_FORBIDDEN when the caller is not a service; INVALID_INPUT when the header is malformed
 */
export function applyActAs(caller: Identity, header: string): Identity {
  if (!caller.roles.has('service')) {
    throw commonFaults.ROLE_FORBIDDEN(`${metadataKeys.actAs} is only for callers with the role service.`);
  }
  const { subject, networkId } = parseActAs(header);
  const actor = { subject: caller.subject };
  return { subject, networkId, roles: rolesOfUser, actor, ...(caller.expiresAt && { expiresAt: caller.expiresAt }) };
}

function parseActAs(header: string): ActAs {
  const match = form.exec(header);
  try {
    if (match?.[1] !== undefined && match[2] !== undefined) {
      return { subject: decodeURIComponent(match[1]), networkId: decodeURIComponent(match[2]) };
    }
  } catch {
    // A malformed percent escape is reported like any other wrong form.
  }
  throw invalidInput([
    { field: metadataKeys.actAs, description: 'must have the form sub=<uri-encoded>;network=<uri-encoded>' },
  ]);
}
