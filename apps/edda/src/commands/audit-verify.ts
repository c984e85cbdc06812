import { audit } from '@edda/contracts';
import { createTokenMinter, type TokenMinter } from '@edda/grpc-kit';
import { createLogger } from '@edda/telemetry';
import { openDataFolder } from '../data/data-folder.ts';
import { standardPorts } from '../market/market-ports.ts';
import { clientOf, tokensOf } from '../market/market-user.ts';

export interface AuditVerifyOptions {
  dataDir: string;
  portOffset: number;
  host: string;
}

/** Records per call: a call then takes a second or two, whatever the log has grown to. */
const SPAN = 100_000n;
const CALL_MS = 120_000;
const services = ['njordr', 'heidrun', 'eikthyrnir', 'nornen'] as const;

/** Verifies the audit chain of every service of a running market; the process ends with 1 unless all are intact. */
export async function auditVerify({ dataDir, portOffset, host }: AuditVerifyOptions): Promise<void> {
  const folder = await openDataFolder(dataDir, { readOnly: true });
  const minter = createTokenMinter({ privateJwkFile: folder.signingKeyFile, issuer: 'edda' });
  const ports = standardPorts(portOffset);
  let intact = true;
  for (const service of services) {
    const verdict = await verifyService(minter, `${host}:${ports[service].grpc}`);
    intact &&= verdict.intact;
    process.stdout.write(`${service.padEnd(10)} ${verdict.text}\n`);
  }
  process.exitCode = intact ? 0 : 1;
}

async function verifyService(minter: TokenMinter, address: string): Promise<{ intact: boolean; text: string }> {
  const admin = { subject: 'edda-audit', networkId: 'edda', roles: ['admin'] } as const;
  const logger = createLogger({ service: 'edda', level: 'warn', destination: 'stderr' });
  const client = clientOf(audit.AuditServiceService, address, tokensOf({ minter }, admin), logger);
  const verify = (fromSequence: bigint, toSequence: bigint) =>
    client.verifyAudit({ fromSequence, toSequence }, { deadlineMs: CALL_MS });
  try {
    let checked = 0n;
    const violations: audit.AuditViolation[] = [];
    const { records } = await client.listAuditRecords(audit.ListAuditRecordsRequest.fromPartial({ pageSize: 1 }));
    const newest = records[0]?.sequence ?? 0n;
    let from = 1n;
    for (; from + SPAN <= newest; from += SPAN) {
      const span = await verify(from, from + SPAN - 1n);
      checked += span.checkedCount;
      violations.push(...span.violations);
    }
    // Up to wherever the end is by now, with the recorded head, what waits to be sealed and the anchor.
    const last = await verify(from, 0n);
    checked += last.checkedCount;
    violations.push(...last.violations);
    return { intact: violations.length === 0, text: textOf(checked, violations, last) };
  } finally {
    client.close();
  }
}

const anchorTexts: Readonly<Record<number, string>> = {
  [audit.AuditAnchorState.NOT_CONFIGURED]: 'no anchor configured',
  [audit.AuditAnchorState.NONE_YET]: 'nothing anchored yet',
  [audit.AuditAnchorState.MATCHES]: 'matches its anchor',
  [audit.AuditAnchorState.MISMATCH]: 'does not match its anchor',
  [audit.AuditAnchorState.UNAVAILABLE]: 'anchor unavailable',
};

function textOf(
  checked: bigint,
  violations: readonly audit.AuditViolation[],
  { headSequence, headHash, anchorState }: audit.VerifyAuditResponse,
): string {
  const verdict = violations.length === 0 ? 'intact' : 'BROKEN';
  const anchor = anchorTexts[anchorState] ?? 'anchor unknown';
  const head = headSequence === 0n ? '' : `, head ${headSequence} ${headHash}`;
  const lines = [`${verdict}: ${checked} records, ${anchor}${head}`];
  return [...lines, ...violations.map(({ description }) => `           ${description}`)].join('\n');
}
