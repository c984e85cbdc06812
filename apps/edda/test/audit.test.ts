import { audit, rpcMethods } from '@edda/contracts';
import { mutations } from '@edda/contracts/test/mutations';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf, type MarketUser, tokensOf } from '../src/market/market-user.ts';
import { auditJourney, secrets } from './support/audit-journey.ts';
import { auditedMutations } from './support/audited-mutations.ts';
import { openTestMarket, type TestMarket } from './market-setup.ts';
import { failedCall } from './support/wire-call.ts';

const auditor: MarketUser = { subject: 'auditor', networkId: 'demo', roles: ['admin'] };
const everybody: MarketUser = { ...auditor, subject: 'njordr', roles: ['user', 'provider', 'service', 'admin'] };
const services = ['njordr', 'heidrun', 'eikthyrnir', 'nornen'] as const;
type Service = (typeof services)[number];

let open: TestMarket;
let answer: string;
beforeAll(async () => {
  open = await openTestMarket();
  ({ answer } = await auditJourney(open));
}, 120_000);
afterAll(() => open.close());

async function withAudit<T>(
  service: Service,
  use: (client: ReturnType<typeof clientOf<typeof audit.AuditServiceService>>) => Promise<T>,
): Promise<T> {
  const { market, logger } = open;
  const client = clientOf(audit.AuditServiceService, market.addresses[service], tokensOf(market, auditor), logger);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const list = (service: Service, filter: Partial<audit.ListAuditRecordsRequest> = {}) =>
  withAudit(service, (client) =>
    client.listAuditRecords(audit.ListAuditRecordsRequest.fromPartial({ pageSize: 1_000, ...filter })),
  );

describe('every mutation that a service implements', () => {
  it('has a row in audited-mutations.ts: what it leaves in the audit log, or why nothing', async () => {
    const token = await tokensOf(open.market, everybody)();
    const unlisted: string[] = [];
    for (const { path } of rpcMethods()) {
      const name = path.replace('/edda.', '');
      if (!mutations.includes(name) || name in auditedMutations) continue;
      // Every service serves these two; one stands for all.
      const service = services.find((known) => name.startsWith(`${known}.`)) ?? 'heidrun';
      const call = { path, message: new Uint8Array(), metadata: { authorization: `Bearer ${token}` } };
      const answered = await failedCall(open.market.addresses[service], call).catch(() => undefined);
      if (answered?.code !== status.UNIMPLEMENTED) unlisted.push(name);
    }
    expect(unlisted).toEqual([]);
  });

  const audited = Object.entries(auditedMutations).flatMap(([name, left]) =>
    typeof left === 'string' ? [] : [{ name, left }],
  );
  it.each(audited)('$name is found by ListAuditRecords with actor, subject and request', async ({ left }) => {
    const { records } = await list(left.service, { action: left.action, actor: left.actor });
    expect(records.length, `${left.action} by ${left.actor}`).toBeGreaterThan(0);
    for (const record of records) {
      expect(record.subject).toMatch(new RegExp(`^${left.subject}:.`));
      expect(record.occurredAt).toBeInstanceOf(Date);
      expect(() => void JSON.parse(record.detailsJson)).not.toThrow();
    }
    expect(records.some(({ requestId }) => requestId !== '')).toBe(true);
    const [first] = records;
    expect((await list(left.service, { subject: first?.subject ?? '' })).records).toContainEqual(first);
  });
});

describe('the audit logs of a market', () => {
  it.each(services)('%s: the chain is intact', async (service) => {
    const verified = await withAudit(service, (client) => client.verifyAudit({ fromSequence: 0n, toSequence: 0n }));
    expect(verified).toMatchObject({ intact: true, violations: [] });
  });

  it('a request is a trail of its own over all services that touched it', async () => {
    const { records } = await list('njordr', { action: 'transaction.complete' });
    const requestId = records.at(-1)?.requestId ?? '';
    const trail = await list('njordr', { requestId, orderBy: 'sequence asc' });
    expect(trail.records.map(({ action }) => action)).toEqual([
      'transaction.create',
      'transaction.start',
      'transaction.complete',
    ]);
    const money = await list('heidrun', { requestId, orderBy: 'sequence asc' });
    expect(money.records.map(({ action }) => action).slice(0, 2)).toEqual(['preauth.hold', 'preauth.capture']);
  });

  it('hold no prompt, no answer, no token of a payment method and no code', async () => {
    expect(answer.length).toBeGreaterThan(20);
    for (const service of services) {
      const { records } = await list(service);
      const text = JSON.stringify(records, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
      const { prompt, sealedToken, verificationCode } = secrets;
      for (const secret of [prompt, sealedToken, 'tok_sandbox', `"${verificationCode}`, answer.trim().slice(0, 20)]) {
        expect(text).not.toContain(secret);
      }
    }
  });

  it('lists by page in either order, and refuses a page token of another listing', async () => {
    const whole = (await list('heidrun', { orderBy: 'sequence asc' })).records;
    const first = await list('heidrun', { orderBy: 'sequence asc', pageSize: 3 });
    const second = await list('heidrun', { orderBy: 'sequence asc', pageSize: 3, pageToken: first.nextPageToken });
    expect([...first.records, ...second.records]).toEqual(whole.slice(0, 6));
    expect((await list('heidrun')).records.slice(-3).toReversed()).toEqual(whole.slice(0, 3));
    await expect(list('heidrun', { pageToken: first.nextPageToken })).rejects.toMatchObject({
      reason: 'INVALID_INPUT',
    });
  });
});
