import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { heidrunFaults } from '../faults.ts';

/** A payment provider's token as the database keeps it: nonce (12 bytes), tag (16), encrypted text. */
export interface SealedToken {
  keyId: string;
  sealed: Buffer;
}

/** Keeps payment providers' tokens unreadable at rest. */
export interface TokenSeal {
  /** The key that encrypts. */
  readonly keyId: string;
  /** @param owner the row it belongs to: a sealed token moved to another row does not open */
  seal(token: string, owner: string): SealedToken;
  /** @throws PAYMENT_TOKEN_UNREADABLE when its key is gone, it was changed, or it belongs to another row */
  open(sealed: SealedToken, owner: string): string;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/**
 * AES-256-GCM with named keys. The first encrypts, every one decrypts, so that keys can be replaced one by one.
 * @param keys `id:base64[,id2:base64…]`, 32 bytes each; ids of letters, digits, `-` and `_`
 * @throws PAYMENT_KEYS_INVALID, without any part of the keys
 */
export function createTokenSeal(keys: string): TokenSeal {
  const table = new Map<string, Buffer>();
  for (const [index, entry] of keys.split(',').entries()) {
    const match = /^([\w-]{1,64}):([A-Za-z0-9+/_=-]+)$/.exec(entry.trim());
    const key = Buffer.from(match?.[2] ?? '', 'base64');
    const id = match?.[1];
    if (id === undefined || key.length !== KEY_BYTES || table.has(id)) {
      throw heidrunFaults.PAYMENT_KEYS_INVALID(
        `entry ${index + 1} of HEIDRUN_PAYMENT_KEYS must be a new id, a colon and ${KEY_BYTES} bytes in base64`,
      );
    }
    table.set(id, key);
  }
  const [current] = table;
  if (current === undefined) throw heidrunFaults.PAYMENT_KEYS_INVALID('HEIDRUN_PAYMENT_KEYS names no key');
  const [keyId, currentKey] = current;
  return {
    keyId,
    seal(token, owner) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', currentKey, nonce).setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
      return { keyId, sealed: Buffer.concat([nonce, cipher.getAuthTag(), text]) };
    },
    open: (sealed, owner) => openWith(table.get(sealed.keyId), sealed, owner),
  };
}

function openWith(key: Buffer | undefined, { keyId, sealed }: SealedToken, owner: string): string {
  if (key === undefined) throw heidrunFaults.PAYMENT_TOKEN_UNREADABLE(`the key ${keyId} is not configured`);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), {
      authTagLength: TAG_BYTES,
    })
      .setAAD(Buffer.from(owner))
      .setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const text = decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch (cause) {
    throw heidrunFaults.PAYMENT_TOKEN_UNREADABLE('a stored payment token does not open with its key', { cause });
  }
}
