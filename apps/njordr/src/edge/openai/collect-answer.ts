import { njordr } from '@edda/contracts';
import { edgeFaults } from '../edge-faults.ts';

export interface CollectedCall {
  id: string;
  name: string;
  arguments: string;
}

/** A whole answer. */
export interface CollectedAnswer {
  accepted: njordr.ExecutionAccepted;
  receipt: njordr.Receipt;
  content: string;
  reasoning: string;
  toolCalls: CollectedCall[];
}

/**
 * Reads an execution to its end for a client that wants the answer in one piece.
 * @param maxBytes bound on the text kept, in UTF-16 units, which UTF-8 never undercuts
 * @throws ANSWER_TOO_LARGE, ANSWER_NOT_KEPT, and whatever the execution throws
 */
export async function collectAnswer(
  events: AsyncIterable<njordr.ExecuteRequestResponse>,
  maxBytes: number,
): Promise<CollectedAnswer> {
  let accepted = njordr.ExecutionAccepted.fromPartial({});
  const content: string[] = [];
  const reasoning: string[] = [];
  const calls = new Map<number, CollectedCall>();
  let size = 0;
  for await (const { event } of events) {
    if (event?.$case === 'accepted') accepted = event.value;
    if (event?.$case === 'chunk') {
      size += addChunk(event.value, content, reasoning, calls);
      if (size > maxBytes) {
        throw edgeFaults.ANSWER_TOO_LARGE('The answer is too large to be sent in one piece.', {
          metadata: { request_id: accepted.requestId, max_bytes: String(maxBytes) },
        });
      }
    }
    if (event?.$case === 'receipt') {
      if (size === 0) assertKept(accepted, event.value);
      const toolCalls = [...calls].sort(([a], [b]) => a - b).map(([, call]) => call);
      const texts = { content: content.join(''), reasoning: reasoning.join('') };
      return { accepted, receipt: event.value, ...texts, toolCalls };
    }
  }
  throw new Error('the execution ended without a receipt');
}

/** Adds a chunk. @returns how much it added */
function addChunk(
  chunk: njordr.OutputChunk,
  content: string[],
  reasoning: string[],
  calls: Map<number, CollectedCall>,
): number {
  content.push(chunk.content);
  reasoning.push(chunk.reasoning);
  let size = chunk.content.length + chunk.reasoning.length;
  for (const delta of chunk.toolCalls) {
    const call = calls.get(delta.index) ?? { id: '', name: '', arguments: '' };
    call.id ||= delta.id;
    call.name += delta.name;
    call.arguments += delta.arguments;
    calls.set(delta.index, call);
    // A call costs memory even when its pieces are empty.
    size += delta.id.length + delta.name.length + delta.arguments.length + 64;
  }
  return size;
}

/** @throws ANSWER_NOT_KEPT for a replay that has nothing left but its bill */
export function assertKept(accepted: njordr.ExecutionAccepted, receipt: njordr.Receipt): void {
  if (!accepted.replayed || receipt.outputTokens === 0n) return;
  throw edgeFaults.ANSWER_NOT_KEPT('This request was answered before, and its answer is no longer kept.', {
    metadata: { request_id: receipt.requestId, transaction_id: receipt.transactionId },
  });
}
