import fc from 'fast-check';
import { captureRequest, counted, holdRequest } from '../support/start-heidrun.ts';
import { type ModelHold, type MoneyModel, recent, sure } from './money-model.ts';
import { capture, costOf, type ModelLeg, refund, whyNoHold } from './model-requests.ts';
import { anyOne, cents, operation } from './operation.ts';

const tokens = cents(1, 3_000);
const anyHold = ({ holds }: MoneyModel): boolean => holds.length > 0;
const modelHold = ({ holds }: MoneyModel, index: number): ModelHold => recent(holds, index);

const preAuthorize = operation({
  name: 'PreAuthorize',
  args: fc.record({
    user: fc.nat({ max: 2 }),
    candidates: fc.constantFrom([0], [1], [0, 1], [1, 0]),
    input: tokens,
    output: tokens,
    maxCost: fc.option(cents(20, 200), { nil: undefined, freq: 4 }),
    ttlSeconds: fc.constantFrom(60, 900),
  }),
  apply(model, { user, candidates, input, output, maxCost, ttlSeconds }) {
    const estimates = candidates.map((provider) => costOf(model, [{ provider, input, output }]));
    const held = estimates.reduce((most, estimate) => (estimate > most ? estimate : most), 0n);
    const refused = whyNoHold(model, user, held, maxCost);
    if (refused !== undefined) return { refused };
    sure(model.users, user).reserved += held;
    model.holds.push({ user, held, candidates, expiresAt: model.now + ttlSeconds * 1_000, state: 'PENDING' });
    return { held, replayed: false };
  },
  async call(run, { user, candidates, input, output, maxCost, ttlSeconds }) {
    const providers = candidates.map((index) => run.cast.providers[index] ?? '');
    const request = holdRequest(run.cast.users[user] ?? '', providers, {
      ...{ tokens: { $case: 'inputTokens', value: input }, maxOutputTokens: output, maxCostCents: maxCost, ttlSeconds },
    });
    const again = async () => {
      const { preauthId, estimatedCostCents: held, replayed } = await run.market.preAuth.preAuthorize(request);
      return { preauthId, held, replayed };
    };
    const { preauthId, ...answer } = await again();
    run.holds.push({ preauthId, transactionId: request.transactionId, candidates });
    run.remember({ preauthId, ...answer }, again);
    return answer;
  },
});

interface CaptureArgs {
  hold: number;
  order: 'first' | 'last' | 'both';
  counts: readonly [bigint, bigint, bigint, bigint];
  amount: bigint | undefined;
}

/** The legs of a capture, served by candidates of its hold. */
function legsOf({ order, counts }: CaptureArgs, candidates: readonly number[]): ModelLeg[] {
  const [a, b, c, d] = counts;
  const first = candidates[0] ?? 0;
  const last = candidates[candidates.length - 1] ?? 0;
  if (order === 'both' && first !== last) {
    return [
      { provider: first, input: a, output: b },
      { provider: last, input: c, output: d },
    ];
  }
  return [{ provider: order === 'first' ? first : last, input: a, output: b }];
}

const captureHold = operation<CaptureArgs>({
  name: 'CapturePreAuth',
  args: fc.record({
    hold: anyOne,
    order: fc.constantFrom('first' as const, 'last' as const, 'both' as const),
    counts: fc.tuple(tokens, tokens, tokens, tokens),
    amount: fc.option(cents(0, 60), { nil: undefined, freq: 5 }),
  }),
  possible: anyHold,
  apply(model, args) {
    const hold = modelHold(model, args.hold);
    if (hold.state === 'EXPIRED') return { refused: 'PREAUTH_EXPIRED' };
    if (hold.state === 'CAPTURED') return { refused: 'IDEMPOTENCY_CONFLICT' };
    if (hold.state === 'CANCELLED') return { refused: 'ILLEGAL_TRANSITION' };
    if (args.amount !== undefined && args.amount > hold.held) return { refused: 'AMOUNT_EXCEEDS_HOLD' };
    const { captured, fee, legs } = capture(model, hold, legsOf(args, hold.candidates), args.amount);
    const earnings = legs.map((leg) => leg.earnings);
    return { captured, released: hold.held - captured, fee, earnings, replayed: false };
  },
  async call(run, args) {
    const hold = recent(run.holds, args.hold);
    const legs = legsOf(args, hold.candidates).map(({ provider, input, output }) => ({
      ...{ providerId: run.cast.providers[provider] ?? '', ...counted(input, output) },
    }));
    const more = { idempotencyKey: run.key(), amountCents: args.amount };
    const request = captureRequest(hold.preauthId, legs, more);
    const again = async () => {
      const answer = await run.market.preAuth.capturePreAuth(request);
      return {
        ...{ captured: answer.capturedCents, released: answer.releasedCents, fee: answer.companyFeeCents },
        ...{ earnings: answer.legs.map((leg) => leg.providerEarningsCents), replayed: answer.replayed },
      };
    };
    const answer = await again();
    if (!answer.replayed) run.captured.set(hold.preauthId, Number(answer.captured));
    run.remember(answer, again);
    return answer;
  },
});

const cancelHold = operation({
  name: 'CancelPreAuth',
  args: fc.record({ hold: anyOne }),
  possible: anyHold,
  apply(model, { hold: index }) {
    const hold = modelHold(model, index);
    const { held, state } = hold;
    if (state === 'CANCELLED') return { released: held, replayed: true };
    if (state !== 'PENDING') return { refused: 'ILLEGAL_TRANSITION' };
    hold.state = 'CANCELLED';
    sure(model.users, hold.user).reserved -= held;
    return { released: held, replayed: false };
  },
  async call(run, { hold }) {
    const { preauthId } = recent(run.holds, hold);
    const request = { idempotencyKey: run.key(), requestId: 'request', preauthId, reason: 'not wanted any more' };
    const { releasedCents: released, replayed } = await run.market.preAuth.cancelPreAuth(request);
    return { released, replayed };
  },
});

const giveBack = operation({
  name: 'Refund',
  args: fc.record({ hold: anyOne, amount: fc.oneof(fc.constant(0n), cents(1, 40)) }),
  possible: anyHold,
  apply(model, { hold: index, amount }) {
    const hold = modelHold(model, index);
    if (hold.capture === undefined) return { refused: 'NOT_FOUND' };
    const left = hold.capture.captured - hold.capture.refunded;
    if (left === 0n) return { refused: 'ALREADY_REFUNDED' };
    if (amount > left) return { refused: 'REFUND_EXCEEDS_CAPTURED' };
    const refunded = amount === 0n ? left : amount;
    const fee = refund(model, hold, refunded);
    return { refunded, fee, total: hold.capture.refunded, fully: refunded === left, replayed: false };
  },
  async call(run, { hold, amount }) {
    const { transactionId } = recent(run.holds, hold);
    const named = { idempotencyKey: run.key(), requestId: 'request', transactionId, disputeId: '' };
    const again = async () => {
      const answer = await run.market.settlement.refund({ ...named, amountCents: amount, reason: 'not as promised' });
      return {
        ...{ refunded: answer.refundedCents, fee: answer.feeReturnedCents, total: answer.totalRefundedCents },
        ...{ fully: answer.fullyRefunded, replayed: answer.replayed },
      };
    };
    const answer = await again();
    run.remember(answer, again);
    return answer;
  },
});

export const requestOperations = { preAuthorize, captureHold, cancelHold, giveBack };
