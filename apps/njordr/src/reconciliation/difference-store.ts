import { appendAudit, type NewAuditRecord } from '@edda/audit';
import { appendEvents, inTransaction, jsonText } from '@edda/pg-kit';
import { type Pool } from 'pg';
import { type DifferenceKind } from './difference-of.ts';

/** REPORTED waits for an operator; RESOLVED was, and is gone. */
export type DifferenceAction = 'REPAIRED' | 'REPORTED' | 'RESOLVED';

export interface Difference {
  transactionId: string;
  requestId: string;
  networkId: string;
  /** '' where Heidrun has no hold. */
  preauthId: string;
  kind: DifferenceKind;
  action: DifferenceAction;
  /** Both sides' figures. */
  details: Readonly<Record<string, unknown>>;
  at: Date;
}

export interface DifferenceStore {
  /** Writes a difference down with its event and audit record. @returns false when it stands there already, as it is */
  note(difference: Difference): Promise<boolean>;
  /** Those that wait for an operator, the longest not looked at first; they count as looked at now. */
  reported(limit: number, now: Date): Promise<Pick<Difference, 'transactionId' | 'kind'>[]>;
  /** Differences that wait for an operator. */
  countReported(): Promise<number>;
}

const NOTE = `
INSERT INTO reconciliation_differences AS d (transaction_id, kind, preauth_id, action, details, found_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (transaction_id, kind) DO UPDATE SET action = excluded.action, details = excluded.details,
  updated_at = excluded.updated_at
WHERE d.action <> excluded.action`;

const REPORTED = `
UPDATE reconciliation_differences SET updated_at = $2 WHERE (transaction_id, kind) IN (
  SELECT transaction_id, kind FROM reconciliation_differences WHERE action = 'REPORTED'
  ORDER BY updated_at LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING transaction_id AS "transactionId", kind`;

export function createDifferenceStore({ pool }: { pool: Pool }): DifferenceStore {
  return {
    note: (difference) =>
      inTransaction(pool, async (client) => {
        const { transactionId, kind, preauthId, action, details, at } = difference;
        const values = [transactionId, kind, preauthId, action, jsonText(details), at];
        if ((await client.query(NOTE, values)).rowCount !== 1) return false;
        await appendEvents(client, [eventOf(difference)]);
        await appendAudit(client, [auditOf(difference)]);
        return true;
      }),
    async reported(limit, now) {
      return (await pool.query<Pick<Difference, 'transactionId' | 'kind'>>(REPORTED, [limit, now])).rows;
    },
    async countReported() {
      const { rows } = await pool.query<{ count: number }>(
        `SELECT count(*)::int AS count FROM reconciliation_differences WHERE action = 'REPORTED'`,
      );
      return rows[0]!.count;
    },
  };
}

function eventOf({ transactionId, requestId, networkId, preauthId, kind, action, details, at }: Difference) {
  return {
    subject: `reconciliation:${transactionId}`,
    type: 'njordr.reconciliation.difference',
    requestId,
    occurredAt: at,
    payload: {
      ...{ transaction_id: transactionId, request_id: requestId, network_id: networkId, preauth_id: preauthId },
      ...{ kind, action, details },
    },
  };
}

const auditActions: Readonly<Record<DifferenceAction, string>> = {
  REPAIRED: 'difference.repaired',
  REPORTED: 'difference.reported',
  RESOLVED: 'difference.resolved',
};

function auditOf({ transactionId, requestId, networkId, preauthId, kind, action, details, at }: Difference) {
  return {
    ...{ occurredAt: at, actor: 'system:reconciliation', networkId, requestId, reason: kind },
    action: auditActions[action],
    subject: `transaction:${transactionId}`,
    details: { preauthId, ...details },
  } satisfies NewAuditRecord;
}
