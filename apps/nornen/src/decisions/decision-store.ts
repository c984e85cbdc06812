import { type ClientBase } from 'pg';
import { type StoredDecision } from './decision-message.ts';

const INSERT = `
INSERT INTO decisions (decision_id, kind, outcome, policy_id, policy_version, reason, reason_code, decided_at,
  subject_id, user_id, network_id, facts, facts_hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb, $13)`;

/** @param facts as JSON, without what names a person */
export async function insertDecision(
  client: ClientBase,
  decision: StoredDecision,
  facts: { json: string; hash: string },
): Promise<void> {
  const { decisionId, kind, outcome, policyId, policyVersion, reason, reasonCode, decidedAt } = decision;
  const { subjectId, userId, networkId } = decision;
  await client.query({
    name: 'decision-insert',
    text: INSERT,
    values: [
      ...[decisionId, kind, outcome, policyId, policyVersion, reason, reasonCode, decidedAt],
      ...[subjectId, userId, networkId, facts.json, facts.hash],
    ],
  });
}

const OWN = `
INSERT INTO provider_owners AS known (provider_id, owner_id, network_id, decided_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (provider_id) DO UPDATE
  SET owner_id = EXCLUDED.owner_id, network_id = EXCLUDED.network_id, decided_at = EXCLUDED.decided_at
  WHERE known.decided_at <= EXCLUDED.decided_at`;

/** Remembers whose the provider is, unless a later registration said otherwise already. */
export async function rememberOwner(client: ClientBase, decision: StoredDecision): Promise<void> {
  const { subjectId, userId, networkId, decidedAt } = decision;
  await client.query({ name: 'provider-owner', text: OWN, values: [subjectId, userId, networkId, decidedAt] });
}
