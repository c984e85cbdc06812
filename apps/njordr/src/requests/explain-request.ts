import { njordr } from '@edda/contracts';
import { z } from 'zod';
import { commonFaults } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { scoreAgain } from '../routing/explain-routing.ts';
import { type Viewer, viewerOf } from '../transactions/transaction-reads.ts';
import { type ComputeDeps } from './compute-deps.ts';
import { queryFromJson } from './routing-query-of.ts';
import { text } from '../text-field.ts';
import { isOffered } from '../providers/visibility.ts';

const schema = z.object({ requestId: text(0, 128), providerId: text(0, 128) });

/** ExplainRouting: the stored decision, and one provider scored again under it. */
export function createExplainRouting({ reads, directory, clock }: ComputeDeps) {
  return async (
    request: njordr.ExplainRoutingRequest,
    { identity }: Pick<CallContext, 'identity'>,
  ): Promise<njordr.ExplainRoutingResponse> => {
    const { requestId, providerId } = parseWith(schema, request);
    const viewer = viewerOf(identity);
    const stored = await reads.decision(requestId);
    if (stored === undefined) throw commonFaults.NOT_FOUND('No such request.');
    const decision = njordr.RoutingDecision.decode(stored.decision);
    const query = queryFromJson(stored.query);
    const offers = directory.offers(query.model);
    const ownerOf = (id: string) => offers.find((offer) => offer.providerId === id);
    const isOwn = (id: string): boolean => {
      const offer = ownerOf(id);
      return offer?.ownerId === viewer.subject && offer.networkId === viewer.networkId;
    };
    if (!mayAsk(viewer, stored)) {
      // A provider's owner asks about one of the own providers that was there to be chosen.
      if (providerId === '' || !isOwn(providerId)) throw commonFaults.NOT_FOUND('No such request.');
      hideOthers(decision, isOwn);
    }
    if (providerId === '') return { decision, provider: undefined };
    const found = ownerOf(providerId);
    const visible = found !== undefined && (viewer.admin || isOwn(providerId) || isOffered(found, viewer.networkId));
    // What its owner keeps within another network does not exist for this caller.
    const offer = visible ? found : undefined;
    const known = decision.best.find((ranked) => ranked.providerId === providerId);
    if (offer === undefined) return { decision, provider: known ?? notOffering(providerId) };
    return { decision, provider: scoreAgain(offer, query, decision, clock.now().getTime()) };
  };
}

function mayAsk({ subject, networkId, admin }: Viewer, stored: { requesterId: string; networkId: string }): boolean {
  return admin || (stored.requesterId === subject && stored.networkId === networkId);
}

/** Of other providers, a provider's owner sees the scores, not the names. */
function hideOthers(decision: njordr.RoutingDecision, isOwn: (id: string) => boolean): void {
  const shown = (id: string): string => (isOwn(id) ? id : '');
  decision.chosenProviderId = shown(decision.chosenProviderId);
  decision.candidateProviderIds = decision.candidateProviderIds.map(shown);
  for (const ranked of [...decision.best, ...decision.attempts]) ranked.providerId = shown(ranked.providerId);
  for (const attempt of decision.attempts) if (attempt.providerId === '') attempt.detail = '';
}

function notOffering(providerId: string): njordr.RankedProvider {
  return njordr.RankedProvider.fromPartial({ providerId, filteredBy: njordr.RoutingFilter.MODEL });
}
