import { type njordr } from '@edda/contracts';
import { type AgentSettings } from '../settings.ts';
import { type ModelInfo } from '../upstream/upstream.ts';

/** What is offered, and what the upstream calls it. */
export interface Offers {
  models: njordr.ModelOffer[];
  upstreamNames: ReadonlyMap<string, string>;
}

const MOST_OFFERS = 200;

/**
 * Combines what the owner configured with what the upstream has: configured models win and may add what
 * the server does not tell; without any, everything the server lists is offered under its own name.
 */
export function makeOffers(
  settings: Pick<AgentSettings, 'models' | 'upstream'>,
  detected: readonly ModelInfo[],
): Offers {
  const known = new Map(detected.map((info) => [info.id, info]));
  const wanted: AgentSettings['models'] =
    settings.models.length > 0 ? settings.models : detected.slice(0, MOST_OFFERS).map(({ id }) => ({ name: id }));
  const upstreamNames = new Map<string, string>();
  const models: njordr.ModelOffer[] = [];
  for (const entry of wanted) {
    const upstreamName = entry.upstreamName ?? entry.name;
    const info = known.get(upstreamName);
    // Offering what the upstream does not have would only earn faults.
    if (!info) continue;
    const contextLength = entry.contextLength ?? info.contextTokens ?? settings.upstream.defaultContextLength;
    upstreamNames.set(entry.name, upstreamName);
    models.push({
      model: entry.name,
      contextLength: BigInt(contextLength),
      maxOutputTokens: BigInt(entry.maxOutputTokens ?? 0),
      continues: settings.upstream.continues,
      price: entry.price && toPrice(entry.price),
      quantization: entry.quantization ?? '',
      continuationVerified: false,
      priceVersion: 0n,
    });
  }
  return { models, upstreamNames };
}

/** A price from the settings in the contract's form. */
export function toPrice(price: AgentSettings['provider']['price']): njordr.Price {
  return {
    priceCents: BigInt(price.priceCents),
    outputPriceCents: price.outputPriceCents === undefined ? undefined : BigInt(price.outputPriceCents),
    priceUnitTokens: BigInt(price.unitTokens),
  };
}
