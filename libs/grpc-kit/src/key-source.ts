import { readFile, stat } from 'node:fs/promises';
import { commonFaults } from '@edda/faults';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';

export interface Keys {
  readonly getKey: JWTVerifyGetKey;
  /** Rises with each change. */
  readonly generation: number;
}

/** Public keys to verify tokens with. */
export interface KeySource {
  /** Current keys; looks for changes so that none is older than `maxAgeMs`. */
  current(): Promise<Keys>;
  /** The same without a promise, when they are known and need no waiting. */
  peek(): Keys | undefined;
}

/** How long a changed key file may go unnoticed, ms: short enough for a revoked key, long enough to cost nothing. */
const maxAgeMs = 1_000;

/** From this age on the file is looked at beside the calls, so that a busy server never waits for the disk, ms. */
const refreshFromMs = maxAgeMs / 2;

/** Keys from a JWKS file, read again when the file changes; a broken new version keeps the old keys. */
export function createFileKeySource(file: string): KeySource {
  let loaded: (Keys & { version: string }) | undefined;
  let checkedAt = -Infinity;
  let checking: Promise<void> | undefined;
  const check = async () => {
    const { mtimeMs, size, ino } = await stat(file);
    const version = `${mtimeMs}:${size}:${ino}`;
    if (version === loaded?.version) return;
    const keys = JSON.parse(await readFile(file, 'utf8')) as JSONWebKeySet;
    loaded = { getKey: createLocalJWKSet(keys), version, generation: (loaded?.generation ?? 0) + 1 };
  };
  const checkOnce = () =>
    (checking ??= check()
      .catch((cause: unknown) => {
        if (loaded === undefined) {
          throw commonFaults.DEPENDENCY_UNAVAILABLE('The keys that verify tokens cannot be read.', { cause });
        }
      })
      .finally(() => {
        checkedAt = performance.now();
        checking = undefined;
      }));
  return {
    peek() {
      const age = performance.now() - checkedAt;
      if (loaded === undefined || age >= maxAgeMs) return undefined;
      // It cannot fail: there are keys, and a broken new version keeps them.
      if (age >= refreshFromMs) void checkOnce();
      return loaded;
    },
    async current() {
      if (performance.now() - checkedAt >= maxAgeMs) await checkOnce();
      if (loaded === undefined) {
        throw commonFaults.DEPENDENCY_UNAVAILABLE('The keys that verify tokens cannot be read.');
      }
      return loaded;
    },
  };
}

/** Keys from a JWKS URL; jose fetches, caches and refreshes them on an unknown key id. */
export function createUrlKeySource(url: string): KeySource {
  const getKey = createRemoteJWKSet(new URL(url), { timeoutDuration: 5_000, cooldownDuration: 10_000 });
  const keys = { getKey, generation: 0 };
  return { current: () => Promise.resolve(keys), peek: () => keys };
}
