import { type Offer, type ProviderDirectory } from '../../src/providers/provider-directory.ts';
import { offer } from './offer.ts';

type Mutable = { -readonly [Name in keyof Offer]: Offer[Name] };

/** A directory of given offers that notes what routing does with them. */
export function createFakeDirectory(given: Partial<Offer>[]) {
  const offers: Mutable[] = given.map(offer);
  const find = (providerId: string): Mutable => offers.find((one) => one.providerId === providerId)!;
  const noted: string[] = [];
  const directory: ProviderDirectory = {
    offers: (model) => offers.filter((one) => one.model === model),
    models: () => [...new Set(offers.map(({ model }) => model))],
    offer: (providerId) => find(providerId),
    reserve(providerId) {
      const one = find(providerId);
      if (!one.available || one.inFlight >= one.capacity) return false;
      one.inFlight += 1;
      one.lastChosenAt = Date.now();
      return true;
    },
    release(providerId) {
      find(providerId).inFlight -= 1;
    },
    noteTtft: () => undefined,
    noteServed: (providerId) => void noted.push(`served ${providerId}`),
    noteFault(providerId) {
      noted.push(`fault ${providerId}`);
      return Date.now();
    },
    setQuality(providerId, _model, quality) {
      find(providerId).quality = quality;
    },
    inFlight: (providerId) => find(providerId).inFlight,
    onChange: () => () => undefined,
  };
  return { directory, offers, noted, inFlight: () => offers.reduce((sum, { inFlight }) => sum + inFlight, 0) };
}
