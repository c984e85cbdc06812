import { randomUUID } from 'node:crypto';
import { heidrun } from '@edda/contracts';
import { type Fault } from '@edda/faults';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cancelRequest,
  captureRequest,
  counted,
  holdRequest,
  njordr,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

let service: TestHeidrun;
beforeAll(async () => {
  service = await startHeidrun();
  await setPrice(service, 'p-1');
  await setPrice(service, 'p-split', { outputPriceCents: 9n });
  await setPrice(service, 'p-dear', { priceCents: 10n ** 9n, priceUnitTokens: 1n });
});
afterAll(() => service.close());

/** The one fault a call answers, as reason and the fields it names. */
async function faultOf(call: Promise<unknown>): Promise<{ reason: string; fields: string[]; kind: string }> {
  const { reason, violations, kind } = await call.then(
    () => {
      throw new Error('the call should have been refused');
    },
    (error: unknown) => error as Fault,
  );
  return { reason, fields: violations.map(({ field }) => field), kind };
}

const price = (more: Partial<heidrun.CalculatePricingRequest>) =>
  faultOf(
    service.pricing.calculatePricing({
      requestId: '',
      providerId: 'p-1',
      model: 'gpt-4o',
      amount: { $case: 'tokens', value: 1n },
      ...more,
    }),
  );
const split = (inputTokens: bigint, outputTokens: bigint) =>
  ({ $case: 'split', value: { inputTokens, outputTokens } }) as const;

describe('CalculatePricing refuses', () => {
  it.each([
    ['a negative count', { amount: { $case: 'tokens', value: -1n } }, 'TOKEN_COUNT_OUT_OF_RANGE', 'tokens'],
    ['a huge count', { amount: split(0n, 10n ** 12n + 1n) }, 'TOKEN_COUNT_OUT_OF_RANGE', 'split.output_tokens'],
    ['no count', { amount: undefined }, 'INVALID_INPUT', 'tokens'],
    ['an unknown provider', { providerId: 'nobody' }, 'PROVIDER_UNKNOWN', 'provider_id'],
    ['a missing price', { model: 'unheard-of' }, 'PRICE_NOT_FOUND', 'provider_id'],
    ['a version of an unknown provider', { providerId: 'nobody', priceVersion: 1n }, 'PROVIDER_UNKNOWN', 'provider_id'],
    ['an unknown version', { priceVersion: 7n }, 'PRICE_NOT_FOUND', 'price_version'],
    ['an empty model', { model: '' }, 'INVALID_INPUT', 'model'],
    ['a total under two prices', { providerId: 'p-split' }, 'TOKEN_SPLIT_REQUIRED', 'tokens'],
  ] as const)('%s', async (_what, request, reason, field) => {
    expect(await price(request)).toMatchObject({ reason, fields: [field] });
  });

  it('what overflows an int64, and never wraps it', async () => {
    expect(await price({ providerId: 'p-dear', amount: { $case: 'tokens', value: 10n ** 12n } })).toMatchObject({
      reason: 'AMOUNT_OVERFLOW',
    });
  });
});

describe('PreAuthorize refuses', () => {
  const hold = async (more: Partial<heidrun.PreAuthorizeRequest>, cents = 1_000n) =>
    faultOf(service.preAuth.preAuthorize(holdRequest(await service.requester(cents), ['p-1'], more)));

  it.each([
    ['no tokens', { tokens: undefined }, 'TOKENS_REQUIRED', 'estimated_tokens'],
    ['zero tokens', { tokens: { $case: 'inputTokens', value: 0n } }, 'TOKENS_REQUIRED', 'input_tokens'],
    ['negative tokens', { tokens: { $case: 'inputTokens', value: -5n } }, 'TOKEN_COUNT_OUT_OF_RANGE', 'input_tokens'],
    ['huge output', { maxOutputTokens: 10n ** 13n }, 'TOKEN_COUNT_OUT_OF_RANGE', 'max_output_tokens'],
    ['no candidate', { candidates: [] }, 'INVALID_INPUT', 'candidates'],
    [
      'a candidate twice',
      { candidates: [1, 2].map(() => ({ providerId: 'p-1', priceVersion: 0n })) },
      'INVALID_INPUT',
      'candidates',
    ],
    [
      'a changed price',
      { candidates: [{ providerId: 'p-1', priceVersion: 9n }] },
      'PRICE_VERSION_CHANGED',
      'candidates.0.price_version',
    ],
    [
      'an unknown candidate',
      { candidates: ['p-1', 'nobody'].map((providerId) => ({ providerId, priceVersion: 0n })) },
      'PROVIDER_UNKNOWN',
      'candidates.1.provider_id',
    ],
    ['a candidate without a price', { model: 'unheard-of' }, 'PRICE_NOT_FOUND', 'candidates.0.provider_id'],
    ['a max cost below the estimate', { maxCostCents: 5n }, 'MAX_COST_EXCEEDED', 'max_cost_cents'],
    ['a life beyond the setting', { ttlSeconds: 901 }, 'INVALID_INPUT', 'ttl_seconds'],
    ['a requester without a payment method', { requesterId: 'stranger' }, 'PAYMENT_METHOD_REQUIRED', 'requester_id'],
    ['the same user of another tenant', { networkId: 'other' }, 'PAYMENT_METHOD_REQUIRED', 'requester_id'],
  ] as const)('%s', async (_what, request, reason, field) => {
    const wanted = request as Partial<heidrun.PreAuthorizeRequest>;
    expect(await hold(wanted)).toMatchObject({ reason, fields: [field] });
  });

  it.each([
    ['transactionId', 'transaction_id'],
    ['requesterId', 'requester_id'],
    ['model', 'model'],
    ['idempotencyKey', 'idempotency_key'],
  ] as const)('NUL in %s, which the database cannot store', async (name, field) => {
    expect(await hold({ [name]: 'a\0b' })).toMatchObject({ reason: 'INVALID_INPUT', fields: [field] });
  });

  it('an empty wallet, with the figures', async () => {
    const user = await service.requester(0n);
    await expect(service.preAuth.preAuthorize(holdRequest(user, ['p-1']))).rejects.toMatchObject({
      reason: 'INSUFFICIENT_FUNDS',
      kind: 'insufficient-funds',
      metadata: { required_cents: '6', available_cents: '0' },
    });
  });

  it('a wallet that buys no output at all, where the budget is open', async () => {
    expect(await hold({ maxOutputTokens: undefined }, 3n)).toMatchObject({ reason: 'INSUFFICIENT_FUNDS' });
    expect(await hold({ maxOutputTokens: undefined, maxCostCents: 3n })).toMatchObject({ reason: 'MAX_COST_EXCEEDED' });
  });

  it('a frozen wallet', async () => {
    const user = await service.requester(100n);
    await service.database.pool.query('UPDATE accounts SET frozen = true WHERE name = $1', [`wallet:net/${user}`]);
    expect(await faultOf(service.preAuth.preAuthorize(holdRequest(user, ['p-1'])))).toMatchObject({
      reason: 'ACCOUNT_FROZEN',
      fields: ['requester_id'],
    });
  });

  it('leaves nothing behind of what it refused', async () => {
    const { intact, holdsChecked } = await service.ledger.verifyLedger({ maxViolations: 0 });
    expect([intact, holdsChecked]).toEqual([true, 0n]);
  });
});

describe('CapturePreAuth refuses', () => {
  const capture = async (legs: Partial<heidrun.CaptureLeg>[], more: Partial<heidrun.CapturePreAuthRequest> = {}) => {
    const user = await service.requester(1_000n);
    const { preauthId } = await service.preAuth.preAuthorize(holdRequest(user, ['p-1']));
    const refused = await faultOf(service.preAuth.capturePreAuth(captureRequest(preauthId, legs, more)));
    // A refused capture leaves the hold as it was.
    const { preauth } = await service.preAuth.getPreAuth({ key: { $case: 'preauthId', value: preauthId } });
    expect(preauth?.status).toBe(heidrun.PreAuthStatus.PENDING);
    return refused;
  };

  it.each([
    [
      'a provider that is not pinned',
      [{ providerId: 'p-9', ...counted(1n, 1n) }],
      'PROVIDER_NOT_PINNED',
      'provider_id',
    ],
    ['negative counts', [{ providerId: 'p-1', ...counted(-1n, 1n) }], 'TOKEN_COUNT_OUT_OF_RANGE', 'input_tokens'],
    [
      'huge claims',
      [{ providerId: 'p-1', ...counted(1n, 1n), claimedOutputTokens: 10n ** 15n }],
      'TOKEN_COUNT_OUT_OF_RANGE',
      'claimed_output_tokens',
    ],
  ] as const)('%s', async (_what, legs, reason, field) => {
    expect(await capture([...legs])).toMatchObject({ reason, fields: [`legs.0.${field}`] });
  });

  it('an amount beyond the hold', async () => {
    const refused = await capture([{ providerId: 'p-1', ...counted(1n, 1n) }], { amountCents: 7n });
    expect(refused).toMatchObject({ reason: 'AMOUNT_EXCEEDS_HOLD', fields: ['amount_cents'] });
  });

  it('an unknown hold, as does cancelling', async () => {
    const unknown = { reason: 'NOT_FOUND', fields: ['preauth_id'] };
    const id = randomUUID();
    const legs = [{ providerId: 'p-1', ...counted(1n, 1n) }];
    expect(await faultOf(service.preAuth.capturePreAuth(captureRequest(id, legs)))).toMatchObject(unknown);
    expect(await faultOf(service.preAuth.cancelPreAuth(cancelRequest(id)))).toMatchObject(unknown);
  });

  it('NUL in the reason of a cancellation', async () => {
    const refused = service.preAuth.cancelPreAuth({ ...cancelRequest('x'), reason: 'a\0b' });
    expect(await faultOf(refused)).toMatchObject({ reason: 'INVALID_INPUT', fields: ['reason'] });
  });

  it('an expired hold, even before the sweep', async () => {
    const user = await service.requester(1_000n);
    const { preauthId } = await service.preAuth.preAuthorize(holdRequest(user, ['p-1'], { ttlSeconds: 1 }));
    service.clock.advance(1_000);
    const legs = [{ providerId: 'p-1', ...counted(1n, 1n) }];
    expect(await faultOf(service.preAuth.capturePreAuth(captureRequest(preauthId, legs)))).toMatchObject({
      reason: 'PREAUTH_EXPIRED',
      fields: ['preauth_id'],
    });
  });
});

describe('LedgerService refuses', () => {
  it('NUL in an account, and times beyond all calendars', async () => {
    const invalid = (field: string) => ({ reason: 'INVALID_INPUT', fields: [field] });
    expect(await faultOf(service.ledger.getAccount({ accountId: 'wallet:a\0b' }))).toMatchObject(invalid('account_id'));
    const list = (more: Partial<heidrun.ListTransfersRequest>) => service.ledger.listTransfers({ ...listAll, ...more });
    expect(await faultOf(list({ accountId: 'a\0' }))).toMatchObject(invalid('account_id'));
    // A client's encoder reads the seconds of any object with getTime().
    const beyond = Object.assign(new Date(), { getTime: () => 9e18 });
    expect(await faultOf(list({ from: beyond }))).toMatchObject(invalid('from'));
  });
});

describe('who may call', () => {
  it('keeps a transaction’s money with Njörðr alone', async () => {
    const others = [
      { subject: 'yggdrasil', roles: ['service'] },
      { subject: 'anna', roles: ['user', 'provider'] },
      { subject: 'root', roles: ['admin'] },
    ] as const;
    for (const caller of others) {
      const preAuth = service.client(heidrun.PreAuthServiceService, caller);
      const faults = await Promise.all([
        faultOf(preAuth.preAuthorize(holdRequest('anna', ['p-1']))),
        faultOf(preAuth.capturePreAuth(captureRequest('x', []))),
        faultOf(preAuth.cancelPreAuth(cancelRequest('x'))),
      ]);
      for (const fault of faults) expect(fault).toMatchObject({ reason: 'ROLE_FORBIDDEN' });
    }
  });

  it('lets users see their own holds and accounts; other people’s do not exist', async () => {
    const user = await service.requester(100n);
    const { preauthId } = await service.preAuth.preAuthorize(holdRequest(user, ['p-1']));
    const key = { $case: 'preauthId', value: preauthId } as const;
    const as = (subject: string, networkId = 'net') => ({ subject, networkId, roles: ['user'] as const });
    const own = service.client(heidrun.PreAuthServiceService, as(user));
    expect((await own.getPreAuth({ key })).preauth?.preauthId).toBe(preauthId);
    for (const stranger of [as('mallory'), as(user, 'other-tenant')]) {
      const preAuth = service.client(heidrun.PreAuthServiceService, stranger);
      expect(await faultOf(preAuth.getPreAuth({ key }))).toMatchObject({ reason: 'NOT_FOUND' });
      const ledger = service.client(heidrun.LedgerServiceService, stranger);
      expect(await faultOf(ledger.getAccount({ accountId: `wallet:net/${user}` }))).toMatchObject({
        reason: 'NOT_FOUND',
        fields: ['account_id'],
      });
      expect(await faultOf(ledger.getAccount({ accountId: 'revenue:company' }))).toMatchObject({ reason: 'NOT_FOUND' });
      expect(await faultOf(ledger.verifyLedger({ maxViolations: 0 }))).toMatchObject({ reason: 'ROLE_FORBIDDEN' });
      const { transfers } = await ledger.listTransfers(listAll);
      expect(transfers).toEqual([]);
    }
  });

  it('takes prices from services and admins only', async () => {
    const pricing = service.client(heidrun.PricingServiceService, { subject: 'anna', roles: ['user', 'provider'] });
    expect(await faultOf(setPrice({ ...service, pricing }, 'p-x'))).toMatchObject({ reason: 'ROLE_FORBIDDEN' });
    expect(njordr.roles).toContain('service');
  });
});

const listAll: heidrun.ListTransfersRequest = {
  pageSize: 0,
  pageToken: '',
  orderBy: '',
  accountId: '',
  transactionId: '',
  kind: heidrun.TransferKind.UNSPECIFIED,
  from: undefined,
  to: undefined,
};
