import { appendAudit, auditOrigin } from '@edda/audit';
import { inTransaction } from '@edda/pg-kit';
import { compilePolicySet, type Policy } from '@edda/policy';
import { type Pool } from 'pg';
import { policiesHash } from './policies-hash.ts';
import { insertSnapshot, lockPolicies, newestSnapshot } from './policy-store.ts';

/** The product's policies with the operator's on top: an equal id replaces. */
export function mergePolicies(defaults: readonly Policy[], extra: readonly Policy[]): Policy[] {
  const merged = new Map([...defaults, ...extra].map((policy) => [policy.id, policy]));
  return [...merged.values()];
}

/**
 * Stores a new version when the default policies and these together say something else than the newest version does.
 * Several replicas with the same settings store one version.
 * @returns the new version, or undefined when nothing changed
 * @throws POLICY_INVALID when the whole does not compile; nothing is stored then
 */
export function publishExtraPolicies(pool: Pool, extra: readonly Policy[], now: Date): Promise<bigint | undefined> {
  return inTransaction(pool, async (client) => {
    await lockPolicies(client);
    const [newest, defaults] = [await newestSnapshot(client), await newestSnapshot(client, 'migration')];
    const policies = mergePolicies(defaults?.policies ?? [], extra);
    const sha256 = policiesHash(policies);
    if (newest?.sha256 === sha256) return undefined;
    const version = (newest?.version ?? 0n) + 1n;
    compilePolicySet({ version: String(version), policies });
    await insertSnapshot(client, { version, sha256, policies });
    await appendAudit(client, [
      {
        occurredAt: now,
        ...auditOrigin('settings'),
        action: 'policies.publish',
        subject: `policies:${version}`,
        details: { sha256, policies: policies.map(({ id }) => id) },
      },
    ]);
    return version;
  });
}
