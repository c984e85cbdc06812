import { createHash } from 'node:crypto';
import { type Policy } from '@edda/policy';

/**
 * SHA-256 (hex) over what a set of policies says, whatever the order of policies or of their fields: over the JSON of
 * `[[id, kind, rule, effect, reason, priority], …]`, sorted by id.
 */
export function policiesHash(policies: readonly Policy[]): string {
  const rows = policies
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, kind, rule, effect, reason, priority }) => [id, kind, rule, effect, reason, priority]);
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}
