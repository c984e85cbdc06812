import { heidrunFaults } from '../faults.ts';
import { type MethodRow } from './method-row.ts';
import { type TokenSeal } from './token-seal.ts';

/** A method's token in clear, for the payment provider alone. @throws PAYMENT_TOKEN_UNREADABLE */
export function openToken({ seal }: { seal: TokenSeal }, method: MethodRow): string {
  const { id, token_key_id: keyId, token_sealed: sealed } = method;
  if (keyId === null || sealed === null) {
    throw heidrunFaults.PAYMENT_TOKEN_UNREADABLE('the token of a payment method in use is gone');
  }
  return seal.open({ keyId, sealed }, id);
}
