const MAX_KEY = 512;
const MAX_VALUE_BYTES = 65_536;
const MAX_TOPIC = 128;
const MAX_MESSAGE_BYTES = 262_144;

/** A caller that passes these has a bug; nothing a client sends may reach here unbounded. @throws TypeError */
export function checkEntry(key: string, value: string, ttlMs: number): void {
  checkKey(key);
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES)
    throw new TypeError(`a cached value has at most ${MAX_VALUE_BYTES} bytes`);
  if (!(ttlMs >= 1)) throw new TypeError('ttlMs must be 1 and up');
}

export function checkKey(key: string): void {
  if (key === '' || key.length > MAX_KEY) throw new TypeError(`a key has 1 to ${MAX_KEY} characters`);
}

export function checkMessage(topic: string, message: string): void {
  if (topic === '' || topic.length > MAX_TOPIC) throw new TypeError(`a topic has 1 to ${MAX_TOPIC} characters`);
  if (Buffer.byteLength(message) > MAX_MESSAGE_BYTES) {
    throw new TypeError(`a message has at most ${MAX_MESSAGE_BYTES} bytes`);
  }
}

export function checkTake(limit: { max: number; windowMs: number }, cost: number): void {
  if (!(limit.max >= 1 && limit.windowMs >= 1 && cost >= 0)) {
    throw new TypeError('a limit has max and windowMs of 1 and up, a cost is 0 and up');
  }
}
