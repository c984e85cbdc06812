import { njordr } from '@edda/contracts';
import { type ComputeDeps } from './compute-deps.ts';

/** Sees every request: replays are found by a key that belongs to the caller already. */
const anyone = { subject: '', networkId: '', admin: true };

/** The events of a request that has ended: its kept answer as one chunk, then its receipt; undefined when it failed. */
export async function replayRequest(
  { reads, vault, clock }: Pick<ComputeDeps, 'reads' | 'vault' | 'clock'>,
  requestId: string,
): Promise<njordr.ExecuteRequestResponse[] | undefined> {
  const row = await reads.byRequest(requestId, anyone);
  if (row?.idempotencyKey == null || row.receipt === null) return undefined;
  const receipt = njordr.Receipt.decode(row.receipt);
  const accepted = njordr.ExecutionAccepted.fromPartial({
    ...{ requestId, transactionId: row.transactionId, replayed: true },
    providerId: receipt.providerIds[0] ?? '',
    heldCents: row.heldCents,
    outputBudgetTokens: row.outputBudgetTokens,
  });
  const events: njordr.ExecuteRequestResponse[] = [{ event: { $case: 'accepted', value: accepted } }];
  const sealed = await reads.sealedResult(requestId, clock.now());
  const result = sealed === undefined ? undefined : vault.open(requestId, sealed);
  if (result !== undefined) {
    const { content, reasoning, toolCalls } = result;
    const value = {
      ...{ sequence: 1n, content, reasoning, providerId: receipt.providerIds[0] ?? '' },
      toolCalls: toolCalls.map((call, index) => ({ index, id: call.id, name: call.name, arguments: call.arguments })),
    };
    events.push({ event: { $case: 'chunk', value } });
  }
  return [...events, { event: { $case: 'receipt', value: receipt } }];
}
