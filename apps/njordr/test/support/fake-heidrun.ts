import { common, heidrun } from '@edda/contracts';
import { commonFaults, defineFaults, type Fault } from '@edda/faults';
import { type Handlers } from '@edda/grpc-kit';
import { affordableOutputTokens, costOfLegs, type Price, settle, splitEarnings } from '@edda/money';
import { createTokenCounter } from '@edda/tokens';

const faults = defineFaults('heidrun', {
  MAX_COST_EXCEEDED: { kind: 'precondition', meaning: 'm', remedy: 'r' },
  INSUFFICIENT_FUNDS: { kind: 'insufficient-funds', meaning: 'm', remedy: 'r' },
  PAYMENT_METHOD_REQUIRED: { kind: 'precondition', meaning: 'm', remedy: 'r' },
});

interface Hold extends heidrun.PreAuth {
  capture?: heidrun.CapturePreAuthResponse;
}
type Rpc = 'preAuthorize' | 'capturePreAuth' | 'cancelPreAuth' | 'getPreAuth' | 'listPreAuths';

/** Heidrun's holds in memory: prices, counts, splits and resolves each hold once, as the real one does. */
export function createFakeHeidrun(priceOf: (providerId: string) => Price) {
  const counter = createTokenCounter();
  const holds = new Map<string, Hold>();
  const state = {
    walletCents: 1_000_000n,
    paymentVerified: true,
    calls: [] as Rpc[],
    captures: [] as heidrun.CapturePreAuthRequest[],
    /** Faults to be answered next, per method. */
    failing: new Map<Rpc, Fault[]>(),
    /** Does the work and then loses the answer. */
    losing: new Set<Rpc>(),
    /** Waited for before a method's work begins. */
    waiting: new Map<Rpc, Promise<void>>(),
    holds,
    open: () => [...holds.values()].filter(({ status }) => status === heidrun.PreAuthStatus.PENDING),
  };
  const enter = (rpc: Rpc): void => {
    state.calls.push(rpc);
    const fault = state.failing.get(rpc)?.shift();
    if (fault !== undefined) throw fault;
  };
  const leave = <T>(rpc: Rpc, response: T): T => {
    if (state.losing.delete(rpc)) throw commonFaults.INTERNAL('the answer was lost');
    return response;
  };
  const find = (id: string): Hold => {
    const hold = [...holds.values()].find(({ preauthId, transactionId }) => preauthId === id || transactionId === id);
    if (hold === undefined) throw commonFaults.NOT_FOUND('no such hold');
    return hold;
  };
  const pending = (id: string): Hold => {
    const hold = find(id);
    if (hold.status !== heidrun.PreAuthStatus.PENDING) throw commonFaults.ILLEGAL_TRANSITION('the hold is resolved');
    return hold;
  };

  const handlers: Handlers<typeof heidrun.PreAuthServiceService> = {
    async preAuthorize(request) {
      enter('preAuthorize');
      await state.waiting.get('preAuthorize');
      if (!state.paymentVerified) throw faults.PAYMENT_METHOD_REQUIRED('no payment method');
      const inputTokens = request.tokens?.$case === 'inputTokens' ? request.tokens.value : 0n;
      const prices = request.candidates.map(({ providerId }) => priceOf(providerId));
      const open = state.open().reduce((sum, { heldCents }) => sum + heldCents, 0n);
      const available = state.walletCents - open;
      const buys = (budgetCents: bigint) =>
        prices
          .map((price) => affordableOutputTokens({ budgetCents, inputTokens, price }))
          .reduce((a, b) => (a < b ? a : b));
      const limits = [request.contextLeftTokens ?? 10n ** 6n, buys(request.maxCostCents ?? available), buys(available)];
      const budget = request.maxOutputTokens ?? limits.reduce((a, b) => (a < b ? a : b));
      const costs = prices.map((price) =>
        costOfLegs([{ inputTokens, outputTokens: budget < 0n ? 0n : budget, price }]),
      );
      const estimate = costs.reduce((a, b) => (a > b ? a : b));
      if (request.maxCostCents !== undefined && estimate > request.maxCostCents) {
        throw faults.MAX_COST_EXCEEDED('too dear');
      }
      if (estimate > available || budget < 0n) throw faults.INSUFFICIENT_FUNDS('empty');
      const hold: Hold = heidrun.PreAuth.fromPartial({
        preauthId: `pa-${request.transactionId}`,
        transactionId: request.transactionId,
        requesterId: request.requesterId,
        status: heidrun.PreAuthStatus.PENDING,
        heldCents: estimate,
        outputBudgetTokens: budget,
        inputTokens,
        createdAt: new Date(),
        model: request.model,
        commissionRateBps: 1_500,
        pinnedPrices: request.candidates.map(({ providerId }, index) => ({
          providerId,
          priceCents: prices[index]!.priceCents,
          priceUnitTokens: prices[index]!.unitTokens,
          priceVersion: 1n,
          estimatedCostCents: costs[index]!,
        })),
      });
      holds.set(hold.preauthId, hold);
      return leave('preAuthorize', {
        ...heidrun.PreAuthorizeResponse.fromPartial({ ...hold, estimatedCostCents: estimate, authorized: true }),
      });
    },
    async capturePreAuth(request) {
      enter('capturePreAuth');
      await state.waiting.get('capturePreAuth');
      const hold = pending(request.preauthId);
      const counted = request.legs.map(({ providerId, input, output }) => ({
        providerId,
        inputTokens: input?.$case === 'inputTokens' ? input.value : 0n,
        outputTokens:
          output?.$case === 'outputText'
            ? BigInt(counter.countText(hold.model, output.value).tokens)
            : output?.$case === 'outputTokens'
              ? output.value
              : 0n,
        price: priceOf(providerId),
      }));
      const cost = costOfLegs(counted);
      const capturedCents = cost < hold.heldCents ? cost : hold.heldCents;
      const { companyFeeCents, providerEarningsCents } = settle(capturedCents, 1_500n);
      const earnings = splitEarnings(counted, providerEarningsCents);
      const sum = (of: (leg: (typeof counted)[number]) => bigint) =>
        counted.reduce((total, leg) => total + of(leg), 0n);
      hold.status = heidrun.PreAuthStatus.CAPTURED;
      state.walletCents -= capturedCents;
      state.captures.push(request);
      hold.capture = heidrun.CapturePreAuthResponse.fromPartial({
        legs: counted.map((leg, index) => ({
          ...{ providerId: leg.providerId, inputTokens: leg.inputTokens, outputTokens: leg.outputTokens },
          method: common.TokenMethod.EXACT,
          tokenizer: 'o200k_base',
          providerEarningsCents: earnings[index]!,
          countedOutputTokens: leg.outputTokens,
        })),
        inputTokens: sum((leg) => leg.inputTokens),
        outputTokens: sum((leg) => leg.outputTokens),
        ...{ capturedCents, companyFeeCents, providerEarningsCents, commissionRateBps: 1_500 },
        releasedCents: hold.heldCents - capturedCents,
        transfers: [{ id: `${hold.transactionId}:earnings` }, { id: `${hold.transactionId}:fee` }],
        preauthId: hold.preauthId,
        transactionId: hold.transactionId,
      });
      return leave('capturePreAuth', hold.capture);
    },
    async cancelPreAuth({ preauthId }) {
      enter('cancelPreAuth');
      const hold = pending(preauthId);
      hold.status = heidrun.PreAuthStatus.CANCELLED;
      return leave('cancelPreAuth', heidrun.CancelPreAuthResponse.fromPartial({ preauthId }));
    },
    async listPreAuths({ status, createdFrom, createdBefore, transactionIds, pageSize, pageToken }) {
      enter('listPreAuths');
      const wanted = [...holds.values()].filter(
        (hold) =>
          (status === 0 || hold.status === status) &&
          (transactionIds.length === 0 || transactionIds.includes(hold.transactionId)) &&
          hold.createdAt! >= (createdFrom ?? new Date(0)) &&
          (createdBefore === undefined || hold.createdAt! < createdBefore),
      );
      const from = Number(pageToken);
      const listed = wanted.slice(from, from + pageSize).map((hold) => ({
        preauth: heidrun.PreAuth.fromPartial(hold),
        capturedCents: hold.capture?.capturedCents ?? 0n,
        providerEarningsCents: hold.capture?.providerEarningsCents ?? 0n,
        companyFeeCents: hold.capture?.companyFeeCents ?? 0n,
      }));
      return { holds: listed, nextPageToken: from + pageSize < wanted.length ? String(from + pageSize) : '' };
    },
    async getPreAuth({ key }) {
      enter('getPreAuth');
      const hold = find(key?.value ?? '');
      return { preauth: heidrun.PreAuth.fromPartial(hold), capture: hold.capture };
    },
  };
  return { handlers, state };
}
