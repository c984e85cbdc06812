import { heidrun } from '@edda/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  cancelRequest,
  captureRequest,
  counted,
  holdRequest,
  setPrice,
  startHeidrun,
  type TestHeidrun,
} from './support/start-heidrun.ts';

const Status = heidrun.PreAuthStatus;

let service: TestHeidrun;
/** Oldest first: captured, cancelled, open, open; one second apart. */
const holds: heidrun.PreAuthorizeRequest[] = [];
const madeAt: Date[] = [];
let captured: heidrun.CapturePreAuthResponse;

beforeAll(async () => {
  service = await startHeidrun();
  await setPrice(service, 'p-1');
  const user = await service.requester(1_000n);
  const ids: string[] = [];
  for (let index = 0; index < 4; index += 1) {
    const request = holdRequest(user, ['p-1']);
    madeAt.push(service.clock.now());
    ids.push((await service.preAuth.preAuthorize(request)).preauthId);
    holds.push(request);
    service.clock.advance(1_000);
  }
  captured = await service.preAuth.capturePreAuth(
    captureRequest(ids[0]!, [{ providerId: 'p-1', ...counted(500n, 500n) }]),
  );
  await service.preAuth.cancelPreAuth(cancelRequest(ids[1]!));
});
afterAll(() => service.close());

const list = (request: Partial<heidrun.ListPreAuthsRequest> = {}) =>
  service.preAuth.listPreAuths(heidrun.ListPreAuthsRequest.fromPartial(request));
const transactionsOf = ({ holds: listed }: heidrun.ListPreAuthsResponse) =>
  listed.map(({ preauth }) => preauth?.transactionId);
const wanted = (...indices: number[]) => indices.map((index) => holds[index]!.transactionId);

describe('ListPreAuths', () => {
  it('lists holds oldest first, with their state and the sums that were captured', async () => {
    const answer = await list();
    expect(transactionsOf(answer)).toEqual(wanted(0, 1, 2, 3));
    expect(answer.nextPageToken).toBe('');
    expect(answer.holds.map(({ preauth }) => preauth?.status)).toEqual([
      ...[Status.CAPTURED, Status.CANCELLED, Status.PENDING, Status.PENDING],
    ]);
    const { capturedCents, providerEarningsCents, companyFeeCents } = captured;
    expect(capturedCents).toBeGreaterThan(0n);
    expect(answer.holds[0]).toMatchObject({ capturedCents, providerEarningsCents, companyFeeCents });
    expect(answer.holds[2]).toMatchObject({ capturedCents: 0n, preauth: { resolvedAt: undefined } });
  });

  it('filters by state, by the time they were made, from included and before excluded, and by transaction', async () => {
    expect(transactionsOf(await list({ status: Status.PENDING }))).toEqual(wanted(2, 3));
    expect(transactionsOf(await list({ status: Status.CAPTURED }))).toEqual(wanted(0));
    expect(transactionsOf(await list({ createdFrom: madeAt[1]!, createdBefore: madeAt[3]! }))).toEqual(wanted(1, 2));
    expect(transactionsOf(await list({ transactionIds: ['nobody', ...wanted(3, 0)] }))).toEqual(wanted(0, 3));
    expect(transactionsOf(await list({ transactionIds: ['nobody'] }))).toEqual([]);
  });

  it('pages without a gap or a repetition, even with a thousand transactions in the filter', async () => {
    const transactionIds = [...wanted(0, 1, 2, 3), ...Array.from({ length: 996 }, (_, index) => `tx-${index}`)];
    const seen: (string | undefined)[] = [];
    let pageToken = '';
    do {
      const page = await list({ transactionIds, pageSize: 1, pageToken });
      seen.push(...transactionsOf(page));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).toEqual(wanted(0, 1, 2, 3));
  });

  it.each([
    [{ createdFrom: new Date(2_000), createdBefore: new Date(1_000) }, 'created_before'],
    [{ pageSize: 1_001 }, 'page_size'],
    [{ pageToken: 'x' }, 'page_token'],
    [{ transactionIds: Array<string>(1_001).fill('tx') }, 'transaction_ids'],
    [{ transactionIds: [''] }, 'transaction_ids.0'],
  ])('refuses what is out of bounds, naming the field: %#', async (request, field) => {
    await expect(list(request)).rejects.toMatchObject({ reason: 'INVALID_INPUT', violations: [{ field }] });
  });

  it('is for services and admins alone', async () => {
    const asUser = service.client(heidrun.PreAuthServiceService, { subject: 'u', roles: ['user'] });
    const refused = asUser.listPreAuths(heidrun.ListPreAuthsRequest.fromPartial({}));
    await expect(refused).rejects.toMatchObject({ reason: 'ROLE_FORBIDDEN' });
  });
});
