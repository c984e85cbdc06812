import { clientOf, type MarketUser, tokensOf } from '@edda/app-edda/separate';
import { njordr } from '@edda/contracts';
import { asFault, type Fault } from '@edda/faults';
import { type World } from '../world/open-world.ts';

export interface Wanted {
  requester: MarketUser;
  idempotencyKey: string;
  model: string;
  maxOutputTokens: bigint;
}

/** How one call ended, as its caller saw it. */
export interface Bought {
  transactionId: string;
  receipt: njordr.Receipt | undefined;
  fault: Fault | undefined;
  replayed: boolean;
  /** How many pieces of the answer came. */
  chunks: number;
}

/** A call is not waited for longer, ms. */
const callWithinMs = 60_000;

/** One streamed request over gRPC; a fault is part of the answer. */
export async function buy(world: World, wanted: Wanted): Promise<Bought> {
  const { market, gate, logger } = world;
  const token = tokensOf(market, wanted.requester);
  const compute = clientOf(njordr.ComputeServiceService, market.addresses.njordr, token, logger);
  const bought: Bought = { transactionId: '', receipt: undefined, fault: undefined, replayed: false, chunks: 0 };
  const { idempotencyKey, model, maxOutputTokens } = wanted;
  const parameters = { model, maxOutputTokens, messages: [{ role: 'user', content: 'Tell me of the ash tree.' }] };
  const request = njordr.ExecuteRequestRequest.fromPartial({ idempotencyKey, parameters });
  try {
    for await (const { event } of compute.executeRequest(request, { deadlineMs: callWithinMs })) {
      if (event?.$case === 'accepted')
        ({ transactionId: bought.transactionId, replayed: bought.replayed } = event.value);
      if (event?.$case === 'receipt') bought.receipt = event.value;
      if (event?.$case !== 'chunk') continue;
      bought.chunks += 1;
      if (bought.chunks === 1 && !bought.replayed) await gate.reach('client/first-token');
    }
  } catch (error) {
    bought.fault = asFault(error);
  } finally {
    compute.close();
  }
  return bought;
}
