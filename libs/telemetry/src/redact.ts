const censored = '[redacted]';

/** Bounds of one logged value: nesting, items per list or object, characters per text. */
const maxDepth = 8;
const maxItems = 100;
const maxTextLength = 8_192;

/**
 * What must never reach a log, by the end of the field's name without case and separators: `cardToken`,
 * `payment_method_token` and `x-api-key` are all meant. Counts such as `input_tokens: 12` stay readable,
 * because numbers under these names pass.
 */
const credentialName =
  /(?:authorization|cookie|tokens?|secrets?|passw(?:or)?d|passphrase|apikeys?|privatekey|privatejwk|signingkey|credentials?)$/;

/** Prompts and answers are never stored, logs included. */
const conversationName = /(?:prompts?|messages|contents?)$|^(?:text|delta|answers?|completions?|reasoning)$/;

/** Card data is secret in any form, numbers included. */
const cardName = /^(?:card(?:number)?|pan|cvc|cvv|iban)$/;

/** Whether a field of this name may hold a secret, a prompt or an answer. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return credentialName.test(plain) || conversationName.test(plain) || cardName.test(plain);
}

const nameCache = new Map<string, boolean>();
const maxCachedNames = 2_000;

function isSecretNameCached(name: string): boolean {
  const known = nameCache.get(name);
  if (known !== undefined) return known;
  const secret = isSecretName(name);
  if (nameCache.size < maxCachedNames) nameCache.set(name, secret);
  return secret;
}

/** One cheap look decides whether the replacements are worth trying: nearly no text has any of these. */
const mayHoldCredentials = /bearer|basic|eyJ|:\/\//i;

/** Takes credentials out of free text: bearer and basic headers, JSON web tokens, passwords inside URLs. */
export function redactText(text: string): string {
  const cut = text.length > maxTextLength ? `${text.slice(0, maxTextLength)}… (${text.length} characters)` : text;
  if (!mayHoldCredentials.test(cut)) return cut;
  return cut
    .replaceAll(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${censored}`)
    .replaceAll(/\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/g, censored)
    .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi, `$1:${censored}@`);
}

function redactField(name: string, value: unknown, depth: number): unknown {
  if (isSecretNameCached(name)) {
    const isCount = typeof value === 'number' || typeof value === 'bigint';
    const harmless = value === undefined || value === null || typeof value === 'boolean' || isCount;
    if (!harmless || (isCount && cardName.test(name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')))) return censored;
  }
  return redactValue(value, depth);
}

function redactEntries(value: object, depth: number): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const keys = Object.keys(value);
  for (const key of keys.slice(0, maxItems)) {
    result[key] = redactField(key, (value as Record<string, unknown>)[key], depth + 1);
  }
  if (keys.length > maxItems) result['…'] = `${keys.length - maxItems} more`;
  return result;
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  return {
    ...redactEntries(error, depth),
    type: error.constructor.name,
    message: redactText(error.message),
    ...(error.stack !== undefined && { stack: redactText(error.stack) }),
    ...(error.cause !== undefined && { cause: redactValue(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && { errors: redactValue(error.errors, depth + 1) }),
  };
}

function redactObject(value: object, depth: number): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= maxDepth) return '[too deep]';
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Set) return redactValue([...value].slice(0, maxItems), depth);
  if (value instanceof Map) return redactEntries(Object.fromEntries(value as Map<string, unknown>), depth);
  if (!Array.isArray(value)) return redactEntries(value, depth);
  const items = value.slice(0, maxItems).map((item) => redactValue(item, depth + 1));
  return value.length > maxItems ? [...items, `… ${value.length - maxItems} more`] : items;
}

/** Bigints as numbers while they are exact, else as text: JSON itself would throw, at several times the cost of a line. */
function loggable(value: bigint): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return loggable(value);
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  return typeof value === 'object' && value !== null ? redactObject(value, depth) : value;
}

/**
 * A copy that is safe to log: secrets, prompts and answers replaced at any depth, errors as plain objects
 * with their causes, everything bounded in size. The original stays untouched; cycles end at the depth bound.
 */
export function redactFields(fields: object): Record<string, unknown> {
  return fields instanceof Error ? { err: redactError(fields, 0) } : redactEntries(fields, 0);
}
