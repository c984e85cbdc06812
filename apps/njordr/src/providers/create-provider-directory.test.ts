import { createFakeClock } from '@edda/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { createProviderDirectory, type ProviderDirectoryControl } from './create-provider-directory.ts';
import { type Listing } from './listing.ts';
import { providerSettings } from './provider-settings.ts';

const listing = (providerId: string, more: Partial<Listing> = {}): Listing => ({
  providerId,
  ownerId: 'freya',
  networkId: 'asgard',
  sharing: 'public',
  trustedNetworkIds: new Set(),
  models: ['tiny', 'large'].map((model) => ({
    model,
    contextLength: 4_096n,
    maxOutputTokens: 0n,
    continues: false,
    price: { priceCents: 3n, unitTokens: 1_000n },
    priceVersion: 1n,
    initialTtftMs: 0,
  })),
  capacity: 2,
  maxInputTokens: 0n,
  limits: { requestsPerMinute: 0, tokensPerDay: 0n },
  accepting: true,
  hours: undefined,
  payoutVerified: true,
  ...more,
});

describe('the provider directory', () => {
  let clock: ReturnType<typeof createFakeClock>;
  let directory: ProviderDirectoryControl;
  const settings = providerSettings().parse({});
  const offer = (model = 'tiny') => directory.offer('p', model)!;
  const now = () => clock.now().getTime();

  beforeEach(() => {
    // A Monday at midnight, UTC.
    clock = createFakeClock('2026-01-05T00:00:00Z');
    directory = createProviderDirectory({ clock, settings: () => settings });
    directory.upsert(listing('p'));
    directory.setLine('p', { connected: true, served: ['tiny', 'large'], capacity: 8 });
  });

  it('lists a provider under each of its models and forgets it without a trace in the lists', () => {
    directory.upsert(listing('q'));
    expect(directory.offers('tiny').map((each) => each.providerId)).toEqual(['p', 'q']);
    directory.remove('p');
    expect(directory.offers('tiny').map((each) => each.providerId)).toEqual(['q']);
    directory.upsert(listing('q', { models: listing('q').models.slice(0, 1) }));
    expect(directory.models()).toEqual(['tiny']);
  });

  it('a provider connected before it was listed is available as soon as it is', () => {
    directory.setLine('early', { connected: true, served: ['tiny'], capacity: 1 });
    directory.upsert(listing('early'));
    expect(directory.offer('early', 'tiny')).toMatchObject({ available: true, capacity: 1 });
    expect(directory.offer('early', 'large')).toMatchObject({ available: false });
  });

  it('jobs of all its models count against a provider’s capacity, which is also the agent’s', () => {
    expect([directory.reserve('p', 'tiny'), directory.reserve('p', 'large'), directory.reserve('p', 'tiny')]).toEqual([
      true,
      true,
      false,
    ]);
    directory.release('p', 'large');
    directory.setLine('p', { connected: true, capacity: 1 });
    expect(directory.reserve('p', 'tiny')).toBe(false);
  });

  it('running jobs survive a change of the listing', () => {
    directory.reserve('p', 'tiny');
    directory.remove('p');
    directory.upsert(listing('p'));
    expect(offer().inFlight).toBe(1);
  });

  it.each([
    ['not connected', () => directory.setLine('p', { connected: false })],
    ['draining', () => directory.setLine('p', { connected: true, draining: true })],
    ['paused', () => directory.upsert(listing('p', { accepting: false }))],
  ])('%s, it takes nothing', (_, change) => {
    change();
    expect(offer().available).toBe(false);
    expect(directory.reserve('p', 'tiny')).toBe(false);
  });

  it('takes work in its owner’s hours only, in the owner’s time zone', () => {
    const windows = [{ weekday: 1, startMinute: 60, endMinute: 120 }];
    directory.upsert(listing('p', { hours: { accepting: true, windows, timeZone: 'Europe/Berlin' } }));
    expect(offer().available).toBe(true);
    clock.advance(3_600_000);
    directory.refresh();
    expect(offer().available).toBe(false);
  });

  it('a fault cools a provider down for 5 s × 2^n, capped; a success ends the row', () => {
    const lengths = [1, 2, 3].map(() => {
      const lengthMs = directory.noteFault('p', 'tiny') - now();
      clock.advance(lengthMs);
      return lengthMs;
    });
    expect(lengths).toEqual([5_000, 10_000, 20_000]);
    for (let n = 0; n < 60; n += 1) clock.advance(directory.noteFault('p', 'tiny') - now());
    expect(directory.noteFault('p', 'tiny') - now()).toBe(300_000);
    clock.advance(300_000);
    directory.noteServed('p', 'tiny');
    expect(directory.noteFault('p', 'tiny') - now()).toBe(5_000);
  });

  it('jobs that fail together are one fault', () => {
    directory.noteFault('p', 'tiny');
    directory.noteFault('p', 'tiny');
    clock.advance(5_000);
    expect(directory.noteFault('p', 'tiny') - now()).toBe(10_000);
  });

  it('half-open: after a cooldown one job at a time, until one succeeds', () => {
    directory.noteFault('p', 'tiny');
    expect(directory.reserve('p', 'tiny')).toBe(false);
    clock.advance(5_000);
    expect(directory.reserve('p', 'tiny')).toBe(true);
    expect(offer().coolingUntil).toBe(Infinity);
    expect(directory.reserve('p', 'large')).toBe(false);
    directory.noteServed('p', 'tiny');
    directory.release('p', 'tiny');
    expect(offer().coolingUntil).toBe(0);
    expect(directory.reserve('p', 'large')).toBe(true);
  });

  it('a trial that ends without a verdict makes room for the next', () => {
    directory.noteFault('p', 'tiny');
    clock.advance(5_000);
    directory.reserve('p', 'tiny');
    directory.release('p', 'tiny');
    expect(directory.reserve('p', 'tiny')).toBe(true);
  });

  it('time to first token follows a peak at once and comes down slowly', () => {
    directory.noteTtft('p', 'tiny', 100);
    directory.noteTtft('p', 'tiny', 900);
    expect(offer().ttftEwmaMs).toBe(900);
    clock.advance(settings.ttftTauMs);
    directory.noteTtft('p', 'tiny', 100);
    expect(offer().ttftEwmaMs).toBeCloseTo(100 + 800 / Math.E, 6);
    expect(offer('large').ttftEwmaMs).toBe(0);
  });

  it('served jobs count half after a half-life, however long the process runs', () => {
    const served = () => directory.offers('tiny')[0]!.served;
    directory.noteServed('p', 'tiny');
    directory.noteServed('p', 'tiny');
    expect(served()).toBeCloseTo(2, 9);
    clock.advance(settings.servedHalfLifeMs);
    expect(served()).toBeCloseTo(1, 9);
    clock.advance(settings.servedHalfLifeMs * 5_000);
    directory.noteServed('p', 'tiny');
    expect(served()).toBeCloseTo(1, 9);
  });

  it('uptime is the share of time connected, older time counting less', () => {
    expect(offer().uptime).toBe(1);
    directory.setLine('p', { connected: false });
    clock.advance(settings.uptimeHalfLifeMs);
    directory.refresh();
    expect(offer().uptime).toBeCloseTo(0.5, 9);
    directory.setLine('p', { connected: true });
    clock.advance(settings.uptimeHalfLifeMs);
    directory.refresh();
    expect(offer().uptime).toBeCloseTo(0.75, 9);
  });

  it('quality is what was set, and neutral before', () => {
    expect(offer().quality).toEqual({ mean: 0.5, lowerBound: 0.5, effectiveCount: 0 });
    directory.setQuality('p', 'tiny', { mean: 0.9, lowerBound: 0.8, effectiveCount: 12 });
    expect(offer().quality.lowerBound).toBe(0.8);
    expect(offer('large').quality.effectiveCount).toBe(0);
  });
});
