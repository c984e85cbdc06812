import { common, njordr } from '@edda/contracts';
import { type World } from '../world/open-world.ts';
import { checkpointsTable } from './keep-checkpoints.ts';

/** What was delivered by whom, as Njörðr had put it down when it lost a request. */
export interface Checkpointed {
  providerId: string;
  inputTokens: bigint;
  outputTokens: bigint;
}

/** A price as it was fixed for one provider. */
export interface FixedPrice {
  providerId: string;
  version: bigint;
  cents: bigint;
  outputCents: bigint | undefined;
  unitTokens: bigint;
}

export interface BilledLeg extends FixedPrice {
  attempt: number;
  inputTokens: bigint;
  outputTokens: bigint;
  earningsCents: bigint;
}

/** One transaction as both sides keep it: Njörðr's row and receipt, Heidrun's hold and capture. */
export interface Bill {
  id: string;
  state: string;
  finish: keyof typeof common.FinishReason;
  failureReason: string;
  estimatedInputTokens: bigint;
  inputTokens: bigint;
  outputTokens: bigint;
  costCents: bigint;
  earningsCents: bigint;
  feeCents: bigint;
  /** What Njörðr put down when the provider was asked; undefined where it died before. */
  started: { heldCents: bigint; outputBudgetTokens: bigint } | undefined;
  releasedCents: bigint;
  /** What was last put down as delivered, kept beyond the end by this harness. */
  checkpoint: readonly Checkpointed[];
  legs: readonly BilledLeg[];
  /** What the client was sent, or is sent when it asks again. */
  receipt: njordr.Receipt | undefined;
  /** Prices the ranking was made with; older than those of the hold where one changed in between. */
  quoted: ReadonlyMap<string, bigint>;
  hold:
    { heldCents: bigint; rateBps: bigint; resolution: string | undefined; pinned: readonly FixedPrice[] } | undefined;
  capture: { finish: string; cents: bigint; legs: readonly CapturedLeg[] } | undefined;
}

/** How Heidrun counted a leg. Counts that Njörðr gave it are 0 here. */
export interface CapturedLeg {
  providerId: string;
  inputTokens: bigint;
  outputTokens: bigint;
  countedOutputTokens: bigint;
  claimedInputTokens: bigint | undefined;
  claimedOutputTokens: bigint | undefined;
}

type Numbers = Record<string, string | null>;

/** Integers travel as text: JSON numbers lose digits. */
const TRANSACTIONS = `
SELECT t.transaction_id AS id, t.state, t.finish_reason AS finish, t.failure_reason AS failure, t.receipt, d.decision,
  jsonb_build_object('estimated', t.estimated_input_tokens::text, 'budget', t.output_budget_tokens::text,
    'input', t.input_tokens::text, 'output', t.output_tokens::text, 'cost', t.total_cost_cents::text,
    'earnings', t.provider_earnings_cents::text, 'fee', t.company_fee_cents::text, 'held', t.held_cents::text,
    'released', t.released_cents::text) AS numbers, t.preauth_id IS NOT NULL AS started,
  COALESCE(k.checkpoint, '[]') AS checkpoint,
  COALESCE((SELECT jsonb_agg(jsonb_build_object('provider', l.provider_id, 'attempt', l.attempt::text,
    'input', l.input_tokens::text, 'output', l.output_tokens::text, 'cents', l.price_cents::text,
    'outputCents', l.output_price_cents::text, 'unit', l.price_unit_tokens::text, 'version', l.price_version::text,
    'earnings', l.earnings_cents::text) ORDER BY l.position)
    FROM transaction_legs l WHERE l.transaction_id = t.transaction_id), '[]') AS legs
FROM transactions t LEFT JOIN routing_decisions d ON d.transaction_id = t.transaction_id
LEFT JOIN ${checkpointsTable} k ON k.transaction_id = t.transaction_id`;

const HOLDS = `
SELECT h.transaction_id AS id, h.held_cents::text AS held, h.commission_rate_bps AS rate, h.candidates, r.kind, c.finish_reason AS finish,
  c.captured_cents::text AS captured,
  COALESCE((SELECT jsonb_agg(jsonb_build_object('provider', l.provider_id, 'input', l.input_tokens::text,
    'output', l.output_tokens::text, 'counted', l.counted_output_tokens::text,
    'claimedInput', l.claimed_input_tokens::text, 'claimed', l.claimed_output_tokens::text) ORDER BY l.position)
    FROM capture_legs l WHERE l.hold_id = h.id), '[]') AS legs
FROM holds h LEFT JOIN hold_resolutions r ON r.hold_id = h.id LEFT JOIN captures c ON c.hold_id = h.id`;

interface TransactionRow {
  id: string;
  state: string;
  finish: number;
  failure: string;
  receipt: Buffer | null;
  decision: Buffer | null;
  numbers: Numbers;
  started: boolean;
  checkpoint: { providerId: string; inputTokens: number; outputTokens: number }[];
  legs: Numbers[];
}

interface HoldRow {
  id: string;
  held: string;
  rate: number;
  candidates: Record<string, string>[];
  kind: string | null;
  finish: string | null;
  captured: string | null;
  legs: Numbers[];
}

/** Every transaction with all that is known of its money. */
export async function readBills({ databases }: Pick<World, 'databases'>): Promise<Bill[]> {
  const transactions = await databases.njordr.query<TransactionRow>(TRANSACTIONS);
  const holds = await databases.heidrun.query<HoldRow>(HOLDS);
  const held = new Map(holds.rows.map((row) => [row.id, row]));
  return transactions.rows.map((row) => billOf(row, held.get(row.id)));
}

function billOf(row: TransactionRow, hold: HoldRow | undefined): Bill {
  const { id, state, failure: failureReason, numbers } = row;
  const decision = row.decision === null ? undefined : njordr.RoutingDecision.decode(row.decision);
  return {
    ...{ id, state, failureReason, finish: finishName(row.finish) },
    estimatedInputTokens: whole(numbers['estimated']),
    started: row.started
      ? { heldCents: whole(numbers['held']), outputBudgetTokens: whole(numbers['budget']) }
      : undefined,
    ...{ inputTokens: whole(numbers['input']), outputTokens: whole(numbers['output']) },
    ...{ costCents: whole(numbers['cost']), earningsCents: whole(numbers['earnings']) },
    ...{ feeCents: whole(numbers['fee']), releasedCents: whole(numbers['released']) },
    checkpoint: row.checkpoint.map(({ providerId, inputTokens, outputTokens }) => {
      return { providerId, inputTokens: BigInt(inputTokens), outputTokens: BigInt(outputTokens) };
    }),
    legs: row.legs.map((leg) => ({
      ...{ providerId: leg['provider'] ?? '', attempt: Number(leg['attempt']) },
      ...{ inputTokens: whole(leg['input']), outputTokens: whole(leg['output']) },
      ...{ cents: whole(leg['cents']), outputCents: perhaps(leg['outputCents']), unitTokens: whole(leg['unit']) },
      ...{ version: whole(leg['version']), earningsCents: whole(leg['earnings']) },
    })),
    receipt: row.receipt === null ? undefined : njordr.Receipt.decode(row.receipt),
    quoted: new Map(decision?.best.map(({ providerId, priceVersion }) => [providerId, priceVersion])),
    hold: hold && {
      heldCents: BigInt(hold.held),
      rateBps: BigInt(hold.rate),
      resolution: hold.kind ?? undefined,
      pinned: hold.candidates.map((candidate) => ({
        ...{ providerId: candidate['provider_id'] ?? '', version: whole(candidate['price_version']) },
        ...{ cents: whole(candidate['price_cents']), outputCents: perhaps(candidate['output_price_cents']) },
        unitTokens: whole(candidate['unit_tokens']),
      })),
    },
    capture: hold && captureOf(hold),
  };
}

function captureOf({ finish, captured, legs }: HoldRow): Bill['capture'] {
  if (captured === null) return undefined;
  return {
    ...{ finish: finish ?? '', cents: BigInt(captured) },
    legs: legs.map((leg) => ({
      ...{ providerId: leg['provider'] ?? '', inputTokens: whole(leg['input']), outputTokens: whole(leg['output']) },
      countedOutputTokens: whole(leg['counted']),
      ...{ claimedInputTokens: perhaps(leg['claimedInput']), claimedOutputTokens: perhaps(leg['claimed']) },
    })),
  };
}

function finishName(value: number): Bill['finish'] {
  const names = Object.entries(common.FinishReason) as [Bill['finish'], number][];
  return names.find(([, known]) => known === value)?.[0] ?? 'UNSPECIFIED';
}

const whole = (text: string | null | undefined): bigint => BigInt(text ?? 0);
const perhaps = (text: string | null | undefined): bigint | undefined =>
  text === null || text === undefined ? undefined : BigInt(text);
