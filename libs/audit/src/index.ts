export { appendAudit, AUDIT_ARRAYS, auditArrays, auditInsertSql, MAX_DETAILS_BYTES } from './append-audit.ts';
export { auditCaller } from './audit-caller.ts';
export { auditTables, auditTableSql } from './audit-table-sql.ts';
export { type NewAuditRecord } from './new-audit-record.ts';
