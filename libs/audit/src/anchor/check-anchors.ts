import { audit } from '@edda/contracts';
import { type ClientBase, type Pool } from 'pg';
import { type Findings } from '../findings.ts';
import { type Anchor } from './anchor.ts';

/** Compares anchors with the chain. @returns whether all of them match; what does not is added to the findings */
export async function checkAnchors(
  client: ClientBase | Pool,
  anchors: readonly Anchor[],
  findings: Pick<Findings, 'add'>,
): Promise<boolean> {
  let match = true;
  for (const { sequence, hash } of anchors) {
    const query = 'SELECT hash FROM audit_records WHERE sequence = $1';
    const { rows } = await client.query<{ hash: Buffer }>(query, [sequence]);
    if (rows[0]?.hash.toString('hex') === hash) continue;
    match = false;
    const found = rows[0] === undefined ? 'is missing' : 'is another one';
    findings.add(audit.AuditViolationKind.ANCHOR, sequence, `record ${sequence}, anchored off-site, ${found}`);
  }
  return match;
}
