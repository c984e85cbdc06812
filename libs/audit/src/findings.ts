import { type audit } from '@edda/contracts';

const MAX_VIOLATIONS = 100;

/** What a verification found: the first violations in full, the rest as a number. */
export interface Findings {
  readonly total: number;
  readonly first: audit.AuditViolation[];
  /** @param sequence position in the chain, 0 for what has none */
  add(kind: audit.AuditViolationKind, sequence: bigint, description: string): void;
}

export function createFindings(): Findings {
  const first: audit.AuditViolation[] = [];
  let total = 0;
  return {
    get total() {
      return total;
    },
    first,
    add(kind, sequence, description) {
      total += 1;
      if (first.length < MAX_VIOLATIONS) first.push({ kind, sequence, description });
    },
  };
}
