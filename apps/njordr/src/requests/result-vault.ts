import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { njordr } from '@edda/contracts';

/** Encrypts answers at rest with AES-256-GCM. The request's id is bound in, so that rows cannot be exchanged. */
export interface ResultVault {
  seal(requestId: string, result: njordr.ComputeResult): Buffer;
  /** @returns undefined when its key is gone or it was tampered with */
  open(requestId: string, sealed: Uint8Array): njordr.ComputeResult | undefined;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * @param keys `id:base64` of 32 bytes each, separated by commas; the first one encrypts
 * @throws TypeError when a key is malformed
 */
export function createResultVault(keys: string): ResultVault {
  const parsed = keys.split(',').map(parseKey);
  const byId = new Map(parsed);
  const [currentId, currentKey] = parsed[0]!;
  const header = Buffer.from(`${currentId}:`);
  return {
    seal(requestId, result) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', currentKey, nonce).setAAD(Buffer.from(requestId));
      const encrypted = cipher.update(njordr.ComputeResult.encode(result).finish());
      const last = cipher.final();
      return Buffer.concat([header, nonce, cipher.getAuthTag(), encrypted, last]);
    },
    open(requestId, sealed) {
      const bytes = Buffer.from(sealed);
      const colon = bytes.indexOf(':');
      const key = byId.get(bytes.toString('utf8', 0, Math.max(0, colon)));
      if (key === undefined) return undefined;
      const nonceEnd = colon + 1 + NONCE_BYTES;
      const tagEnd = nonceEnd + TAG_BYTES;
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(colon + 1, nonceEnd))
          .setAAD(Buffer.from(requestId))
          .setAuthTag(bytes.subarray(nonceEnd, tagEnd));
        return njordr.ComputeResult.decode(Buffer.concat([decipher.update(bytes.subarray(tagEnd)), decipher.final()]));
      } catch {
        return undefined;
      }
    },
  };
}

function parseKey(text: string): [string, Buffer] {
  const [, id, encoded] = /^\s*([\w-]{1,32}):([A-Za-z0-9+/=_-]+)\s*$/.exec(text) ?? [];
  const key = Buffer.from(encoded ?? '', 'base64');
  if (id === undefined || key.length !== 32) {
    throw new TypeError('NJORDR_RESULT_KEYS must be `id:base64` of 32 bytes each, separated by commas');
  }
  return [id, key];
}
