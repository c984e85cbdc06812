import { type eikthyrnir } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { observationsSchema } from './observation-schema.ts';
import { recordKeyless, type RecordDeps } from './record-observations.ts';

const schema = z.object({ observations: observationsSchema });

/**
 * StreamObservations: each batch is committed before the next is read, so a slow database slows the sender by flow
 * control and nothing piles up here. What was taken stays taken when the stream breaks.
 */
export function createStreamObservations(deps: RecordDeps) {
  return async (
    requests: AsyncIterable<eikthyrnir.StreamObservationsRequest>,
  ): Promise<eikthyrnir.StreamObservationsResponse> => {
    let accepted = 0;
    let duplicates = 0;
    for await (const request of requests) {
      parseWith(schema, request);
      const recorded = await recordKeyless(deps, request.observations);
      accepted += recorded.accepted;
      duplicates += recorded.duplicates;
    }
    return { accepted: BigInt(accepted), duplicates: BigInt(duplicates) };
  };
}
