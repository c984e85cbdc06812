import { type Pool } from 'pg';

export interface AuditedAction {
  actor: string;
  action: string;
  subject: string;
  reason: string;
  details: string;
}

/**
 * What a database's audit tables hold, in the order it happened: sealed or not yet, since the sealer may pass between
 * the action and the question.
 */
export async function audited(pool: Pool): Promise<AuditedAction[]> {
  const columns = 'id, actor, action, subject, reason, details';
  const { rows } = await pool.query<AuditedAction>(
    `SELECT actor, action, subject, reason, details
       FROM (SELECT ${columns} FROM audit_intake UNION ALL SELECT ${columns} FROM audit_records) AS records
      ORDER BY id`,
  );
  return rows;
}
