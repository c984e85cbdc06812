import { type njordr } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { type ProviderDeps } from './provider-deps.ts';
import { presentProvider, requestFields } from './run-mutation.ts';

const schema = z.object({ providerId: requestFields.providerId });

/** GetProvider: what the caller may not see does not exist. */
export function createGetProvider(deps: ProviderDeps) {
  return async (request: njordr.GetProviderRequest, ctx: CallContext): Promise<njordr.GetProviderResponse> => {
    const { providerId } = parseWith(schema, request);
    return { provider: await presentProvider(deps, providerId, ctx) };
  };
}
