export {
  appendAudit,
  appendAuditQuery,
  AUDIT_ARRAYS,
  auditArrays,
  auditInsertSql,
  MAX_DETAILS_BYTES,
} from './append-audit.ts';
export { auditCaller } from './audit-caller.ts';
export { auditOrigin } from './audit-origin.ts';
export { type AuditSettings } from './audit-settings.ts';
export { auditTables, auditTableSql } from './audit-table-sql.ts';
export { type Audit, type AuditOptions, createAudit } from './create-audit.ts';
export { type NewAuditRecord } from './new-audit-record.ts';
