import { audit } from '@edda/contracts';
import { inTransaction } from '@edda/pg-kit';
import { type ClientBase, type Pool } from 'pg';
import { type Anchor } from './anchor/anchor.ts';
import { checkAnchors } from './anchor/check-anchors.ts';
import { chainedColumns, type ChainedRecord, readChunks, storedColumns, type StoredRecord } from './chain-reader.ts';
import { checkContent, checkRecord } from './check-record.ts';
import { createFindings, type Findings } from './findings.ts';
import { GENESIS_HASH } from './record-encoding.ts';

const Kind = audit.AuditViolationKind;

export interface Span {
  /** First sequence; 1 also finds what stands before it. */
  from: bigint;
  /** Last sequence; absent for the newest, whose end and waiting successors are checked too. */
  to?: bigint;
  /** Anchors to compare with. */
  anchors: readonly Anchor[];
  /** Whether every store was asked and none has an anchor, though the head may say that there was one. */
  noneAnchored: boolean;
  signal: AbortSignal;
}

export interface VerifiedChain {
  intact: boolean;
  checkedCount: bigint;
  unsealedCount: bigint;
  /** The first 100. */
  violations: audit.AuditViolation[];
  anchorsMatch: boolean;
  headSequence: bigint;
  headHash: Buffer;
}

/** Recomputes the chain over a span, in one snapshot and in bounded memory. Trusts no index, constraint or trigger. */
export function verifyChain(pool: Pool, span: Span): Promise<VerifiedChain> {
  return inTransaction(
    pool,
    async (client) => {
      const findings = createFindings();
      const end = await walk(client, span, findings);
      if (span.to === undefined) await checkHead(client, end, findings);
      const unsealedCount = span.to === undefined ? await checkIntake(client, span.signal, findings) : 0n;
      const present = !span.noneAnchored || (await assertNeverAnchored(client, findings));
      const anchorsMatch = (await checkAnchors(client, span.anchors, findings)) && present;
      return {
        intact: findings.total === 0,
        checkedCount: end.checked,
        unsealedCount,
        violations: findings.first,
        anchorsMatch,
        headSequence: end.sequence,
        headHash: end.hash,
      };
    },
    { isolation: 'repeatable read' },
  );
}

interface End {
  checked: bigint;
  sequence: bigint;
  hash: Buffer;
}

async function walk(client: ClientBase, { from, to, signal }: Span, findings: Findings): Promise<End> {
  const end: End = { checked: 0n, sequence: 0n, hash: GENESIS_HASH };
  let previous = from > 1n ? await hashAt(client, from - 1n, findings) : GENESIS_HASH;
  let expected = from;
  // Bounds are bigints, so nothing but digits gets into the text; a cursor takes no parameters.
  const bounds = [from > 1n ? `sequence >= ${from}` : 'true', to === undefined ? 'true' : `sequence <= ${to}`];
  const query = `SELECT ${chainedColumns} FROM audit_records WHERE ${bounds.join(' AND ')} ORDER BY sequence`;
  for await (const records of readChunks<ChainedRecord>(client, query, signal)) {
    for (const record of records) {
      end.checked += 1n;
      const wrong = checkRecord(record);
      if (wrong !== undefined) findings.add(Kind.CHANGED, record.sequence, `record ${record.sequence}: ${wrong}`);
      if (record.sequence < expected) {
        findings.add(Kind.INSERTED, record.sequence, `record ${record.sequence} stands where there is none to be`);
        continue;
      }
      if (record.sequence > expected) {
        findings.add(Kind.MISSING, expected, `records ${expected} to ${record.sequence - 1n} are missing`);
      } else if (previous !== undefined && !previous.equals(record.previousHash)) {
        findings.add(Kind.BROKEN_LINK, record.sequence, `record ${record.sequence} does not continue the one before`);
      }
      previous = record.hash;
      expected = record.sequence + 1n;
      end.sequence = record.sequence;
      end.hash = record.hash;
    }
  }
  return end;
}

async function hashAt(client: ClientBase, sequence: bigint, findings: Findings): Promise<Buffer | undefined> {
  const query = 'SELECT hash FROM audit_records WHERE sequence = $1';
  const { rows } = await client.query<{ hash: Buffer }>(query, [sequence]);
  if (rows[0] === undefined) findings.add(Kind.MISSING, sequence, `record ${sequence} is missing`);
  return rows[0]?.hash;
}

/** The sealer leaves head and last record equal in one transaction, so that a cut-off end shows without an anchor. */
async function checkHead(client: ClientBase, end: End, findings: Findings): Promise<void> {
  const { rows } = await client.query<{ sequence: bigint; hash: Buffer }>('SELECT sequence, hash FROM audit_head');
  const head = rows[0];
  if (head === undefined) findings.add(Kind.MISSING, end.sequence, 'the recorded head of the chain is gone');
  else if (head.sequence > end.sequence) {
    findings.add(Kind.MISSING, end.sequence + 1n, `records ${end.sequence + 1n} to ${head.sequence} are missing`);
  } else if (head.sequence < end.sequence) {
    findings.add(
      Kind.INSERTED,
      head.sequence + 1n,
      `records after ${head.sequence}, the recorded head, were not sealed`,
    );
  } else if (!head.hash.equals(end.hash)) {
    findings.add(Kind.CHANGED, end.sequence, `record ${end.sequence}: its hash is not that of the recorded head`);
  }
}

async function assertNeverAnchored(client: ClientBase, findings: Findings): Promise<boolean> {
  const query = 'SELECT anchored_sequence AS anchored FROM audit_head WHERE anchored_sequence > 0';
  const { rows } = await client.query<{ anchored: bigint }>(query);
  if (rows[0] === undefined) return true;
  const { anchored } = rows[0];
  findings.add(Kind.ANCHOR, anchored, `record ${anchored} was anchored off-site, and that anchor is gone`);
  return false;
}

async function checkIntake(client: ClientBase, signal: AbortSignal, findings: Findings): Promise<bigint> {
  let count = 0n;
  const query = `SELECT ${storedColumns} FROM audit_intake ORDER BY id`;
  for await (const records of readChunks<StoredRecord>(client, query, signal)) {
    count += BigInt(records.length);
    for (const record of records) {
      const wrong = checkContent(record);
      if (wrong !== undefined) findings.add(Kind.CHANGED, 0n, `record id ${record.id}, not yet sealed: ${wrong}`);
    }
  }
  return count;
}
