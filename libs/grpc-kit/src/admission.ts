import { randomUUID } from 'node:crypto';
import { commonFaults } from '@edda/faults';
import { type Metadata } from '@grpc/grpc-js';
import { applyActAs } from './act-as.ts';
import { anonymous, type Identity } from './identity.ts';
import { metadataKeys } from './metadata-keys.ts';
import { authorize, type MethodRule } from './rules.ts';
import { type TokenVerifier } from './token-verifier.ts';

/** Request ids longer than this, or with other characters, are replaced rather than trusted into logs. */
const requestIdForm = /^[\x21-\x7e]{1,128}$/;

/** One text value of a call's metadata. */
export function header(metadata: Metadata, key: string): string | undefined {
  const value = metadata.get(key)[0];
  return typeof value === 'string' ? value : undefined;
}

/** The caller's request id, or a fresh one. */
export function requestIdOf(metadata: Metadata): string {
  const given = header(metadata, metadataKeys.requestId);
  return given !== undefined && requestIdForm.test(given) ? given : randomUUID();
}

/** @throws BODY_TOO_LARGE when keys and values together exceed `maxBytes` */
export function checkMetadataSize(metadata: Metadata, maxBytes: number): void {
  let bytes = 0;
  for (const [key, value] of Object.entries(metadata.getMap())) bytes += key.length + value.length;
  if (bytes > maxBytes) throw commonFaults.BODY_TOO_LARGE(`The call’s metadata exceeds ${maxBytes} bytes.`);
}

/**
 * Who the call is for, once the rules let its caller in; without a promise for a token that is known already.
 * @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, ROLE_FORBIDDEN
 */
export function admit(
  metadata: Metadata,
  rule: MethodRule | undefined,
  verifier: TokenVerifier,
): Identity | Promise<Identity> {
  const authorization = header(metadata, metadataKeys.authorization);
  if (authorization === undefined) {
    if (rule?.public === true) return anonymous;
    throw commonFaults.TOKEN_MISSING('No bearer token was sent.');
  }
  if (!/^bearer /i.test(authorization)) throw commonFaults.TOKEN_INVALID('The authorization is not a bearer token.');
  const token = authorization.slice('bearer '.length).trim();
  const known = verifier.peek?.(token);
  if (known !== undefined) return admitted(known, metadata, rule);
  return verifier.verify(token).then((caller) => admitted(caller, metadata, rule));
}

function admitted(caller: Identity, metadata: Metadata, rule: MethodRule | undefined): Identity {
  const actAs = header(metadata, metadataKeys.actAs);
  const effective = actAs === undefined ? caller : applyActAs(caller, actAs);
  authorize(rule, caller, effective);
  return effective;
}
