import { randomUUID } from 'node:crypto';
import { commonFaults, invalidInput } from '@edda/faults';
import {
  anonymous,
  applyActAs,
  authorize,
  type Identity,
  metadataKeys,
  type MethodRule,
  type TokenVerifier,
} from '@edda/grpc-kit';
import { type FastifyRequest } from 'fastify';

const idForm = /^[\x21-\x7e]{1,128}$/;

/** The caller's x-request-id, or a fresh one. */
export function requestIdOf(request: FastifyRequest): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && idForm.test(given) ? given : randomUUID();
}

/** The Idempotency-Key header. @throws INVALID_INPUT for one that is too long or not ASCII */
export function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const given = request.headers['idempotency-key'];
  if (given === undefined) return undefined;
  if (typeof given === 'string' && idForm.test(given)) return given;
  throw invalidInput([{ field: 'idempotency-key', description: 'must be 1 to 128 printable ASCII characters' }]);
}

/**
 * Who the request is for, once the rule lets its caller in.
 * @throws TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, ROLE_FORBIDDEN
 */
export async function identityOf(
  request: FastifyRequest,
  rule: MethodRule | undefined,
  verifier: TokenVerifier,
): Promise<Identity> {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    if (rule?.public === true) return anonymous;
    throw commonFaults.TOKEN_MISSING('No bearer token was sent.');
  }
  if (!/^bearer /i.test(authorization)) throw commonFaults.TOKEN_INVALID('The authorization is not a bearer token.');
  const caller = await verifier.verify(authorization.slice('bearer '.length).trim());
  const actAs = request.headers[metadataKeys.actAs];
  const effective = typeof actAs === 'string' ? applyActAs(caller, actAs) : caller;
  authorize(rule, caller, effective);
  return effective;
}
