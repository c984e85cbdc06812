import { type njordr } from '@edda/contracts';
import { type Handlers } from '@edda/grpc-kit';
import { createCancelRequest } from './cancel-request.ts';
import { type ComputeDeps } from './compute-deps.ts';
import { createCreateRequest } from './create-request.ts';
import { createExecuteRequest } from './execute-request.ts';
import { createExplainRouting } from './explain-request.ts';
import { createGetRequest } from './get-request.ts';
import { createQuoteRequest } from './quote-request.ts';

/** All of ComputeService, for gRPC and for the HTTP edge alike. */
export function createComputeHandlers(deps: ComputeDeps) {
  return {
    quoteRequest: createQuoteRequest(deps),
    createRequest: createCreateRequest(deps),
    executeRequest: createExecuteRequest(deps),
    getRequest: createGetRequest(deps),
    cancelRequest: createCancelRequest(deps),
    explainRouting: createExplainRouting(deps),
  } satisfies Handlers<njordr.ComputeServiceService>;
}
