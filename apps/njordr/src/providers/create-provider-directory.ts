import { type Clock } from '@edda/telemetry';
import { afterFault, afterReserve, noCooldown } from './cooldown.ts';
import { createDecayScale } from './decay.ts';
import { type Listing } from './listing.ts';
import { createLoad, OfferEntry, type ProviderLoad } from './offer-entry.ts';
import { peakAverage } from './peak-average.ts';
import { type ProviderDirectory } from './provider-directory.ts';
import { type ProviderSettings } from './provider-settings.ts';
import { countUptime } from './uptime.ts';
import { withinHours } from './within-hours.ts';

/** What changes about a provider's line. */
export interface LineState {
  connected: boolean;
  draining?: boolean;
  /** Models the agent serves now. */
  served?: readonly string[] | undefined;
  /** Parallel jobs the agent takes, at least 1. */
  capacity?: number | undefined;
  /** Jobs that other replicas have it do, as told by the replica it is connected to; 0 where that is this one. */
  jobsElsewhere?: number;
  /** Until when its owner's limits allow no further job, as that replica counts them, epoch ms. */
  limitedUntil?: number;
}

/** The directory with the side that registration and link write to. */
export interface ProviderDirectoryControl extends ProviderDirectory {
  /** Lists a provider, or replaces its listing; its load and history stay. */
  upsert(listing: Listing): void;
  /** Takes a provider off; running jobs still release. */
  remove(providerId: string): void;
  setLine(providerId: string, line: LineState): void;
  /** Called with the provider whenever its slots are taken or given back here. @returns stops it */
  onLoad(listener: (providerId: string) => void): () => void;
  /** Counts a job against the owner's limits. @returns false when they allow none now; nothing is counted then */
  countJob(providerId: string): boolean;
  /** Listed providers whose owners limit their tokens of a day. */
  withDailyLimit(): string[];
  /** Tokens it has served this UTC day. */
  setTokensToday(providerId: string, tokens: bigint): void;
  /** Until when its owner's limits allow no further job, epoch ms; 0 when they do. */
  limitedUntil(providerId: string): number;
  /** Counts uptime and looks at owners' hours; to be called every few seconds. */
  refresh(): void;
}

export interface ProviderDirectoryOptions {
  clock: Clock;
  settings: () => ProviderSettings;
}

/** Everything in memory: a scan over plain arrays is enough to 100k providers. */
export function createProviderDirectory({ clock, settings }: ProviderDirectoryOptions): ProviderDirectoryControl {
  const now = () => clock.now().getTime();
  const loads = new Map<string, ProviderLoad>();
  /** What is known of lines, listed or not: registration lists a provider that is connected already. */
  const lineStates = new Map<string, LineState>();
  const byModel = new Map<string, OfferEntry[]>();
  const entries = new Map<string, Map<string, OfferEntry>>();
  const listeners = new Set<() => void>();
  const loadListeners = new Set<(providerId: string) => void>();
  const decay = createDecayScale(() => settings().servedHalfLifeMs, now());
  const scale = { factor: 1 };

  const find = (providerId: string, model: string) => entries.get(providerId)?.get(model);
  const changed = () => [...listeners].forEach((listener) => listener());
  const loadChanged = (providerId: string) => loadListeners.forEach((listener) => listener(providerId));
  const tick = (load: ProviderLoad) => {
    load.uptime = countUptime(load.uptime, load.connected, now(), settings().uptimeHalfLifeMs);
  };
  const ownLimit = (load: ProviderLoad) => load.usage.limitedUntil(load.listing.limits, now());
  const applyLine = (load: ProviderLoad, line: LineState) => {
    tick(load);
    load.connected = line.connected;
    load.draining = line.draining ?? false;
    load.served = line.served === undefined ? undefined : new Set(line.served);
    load.agentCapacity = line.capacity ?? Infinity;
    load.jobsElsewhere = line.jobsElsewhere ?? 0;
    load.limitedUntil = Math.max(line.limitedUntil ?? 0, ownLimit(load));
  };
  const unlist = (entry: OfferEntry) => {
    const rest = (byModel.get(entry.model) ?? []).filter((other) => other !== entry);
    if (rest.length === 0) byModel.delete(entry.model);
    else byModel.set(entry.model, rest);
  };
  const list = (entry: OfferEntry) => {
    const others = byModel.get(entry.model);
    if (others === undefined) byModel.set(entry.model, [entry]);
    else others.push(entry);
  };
  const upsertModels = (load: ProviderLoad) => {
    const { providerId, models } = load.listing;
    const own = entries.get(providerId) ?? new Map<string, OfferEntry>();
    entries.set(providerId, own);
    const wanted = new Set(models.map((listed) => listed.model));
    for (const [model, entry] of own) {
      if (wanted.has(model)) continue;
      own.delete(model);
      unlist(entry);
    }
    for (const listed of models) {
      const known = own.get(listed.model);
      if (known !== undefined) known.listed = listed;
      else {
        const entry = new OfferEntry(load, listed, scale);
        own.set(listed.model, entry);
        list(entry);
      }
    }
  };

  return {
    offers(model) {
      scale.factor = decay.factorAt(now());
      return byModel.get(model) ?? [];
    },
    models: () => [...byModel.keys()],
    offer: find,
    reserve(providerId, model) {
      const entry = find(providerId, model);
      if (!entry?.available || entry.inFlight >= entry.capacity) return false;
      if (entry.coolingUntil > now() || entry.limitedUntil > now()) return false;
      const { load } = entry;
      load.inFlight += 1;
      loadChanged(providerId);
      load.cooldown = afterReserve(load.cooldown);
      entry.lastChosenAt = now();
      return true;
    },
    release(providerId) {
      const load = loads.get(providerId);
      if (load === undefined) return;
      load.inFlight = Math.max(0, load.inFlight - 1);
      loadChanged(providerId);
      // A trial that ended without a verdict, say by cancellation, makes room for the next one.
      if (load.inFlight === 0 && load.cooldown.trial) load.cooldown = { ...load.cooldown, trial: false };
    },
    noteTtft(providerId, model, ttftMs) {
      const entry = find(providerId, model);
      if (entry === undefined) return;
      entry.ttftEwmaMs = peakAverage(entry.ttftEwmaMs, ttftMs, now() - entry.ttftAt, settings().ttftTauMs);
      entry.ttftAt = now();
    },
    noteServed(providerId, model) {
      const entry = find(providerId, model);
      if (entry === undefined) return;
      const rebased = decay.rebase(now());
      if (rebased !== 1) for (const own of entries.values()) for (const each of own.values()) each.servedRaw *= rebased;
      entry.servedRaw += decay.weightAt(now());
      // Only a job begun after the cooldown proves anything; one from before it may still end well.
      if (entry.load.cooldown.until <= now()) entry.load.cooldown = noCooldown();
    },
    noteFault(providerId) {
      const load = loads.get(providerId);
      if (load === undefined) return 0;
      const { cooldownBaseMs, cooldownCapMs } = settings();
      load.cooldown = afterFault(load.cooldown, now(), cooldownBaseMs, cooldownCapMs);
      return load.cooldown.until;
    },
    setQuality(providerId, model, figures) {
      const entry = find(providerId, model);
      if (entry !== undefined) entry.quality = figures;
    },
    inFlight(providerId) {
      const load = loads.get(providerId);
      return load === undefined ? 0 : load.inFlight + load.jobsElsewhere;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onLoad(listener) {
      loadListeners.add(listener);
      return () => loadListeners.delete(listener);
    },
    upsert(listing) {
      const load = loads.get(listing.providerId) ?? createLoad(listing, now());
      load.listing = listing;
      load.withinHours = withinHours(listing.hours, clock.now());
      loads.set(listing.providerId, load);
      const line = lineStates.get(listing.providerId);
      load.limitedUntil = ownLimit(load);
      if (line !== undefined) applyLine(load, line);
      upsertModels(load);
      changed();
    },
    remove(providerId) {
      for (const entry of entries.get(providerId)?.values() ?? []) unlist(entry);
      // The load stays: running jobs release it, and a provider that comes back has its history.
      if (entries.delete(providerId)) changed();
    },
    setLine(providerId, line) {
      const known = lineStates.get(providerId);
      const merged = { ...known, ...line };
      if (line.connected || known !== undefined) lineStates.set(providerId, merged);
      const load = loads.get(providerId);
      if (load !== undefined) applyLine(load, merged);
    },
    countJob(providerId) {
      const load = loads.get(providerId);
      // A provider that is not listed gets no jobs but by a request that was routed just before.
      if (load === undefined) return true;
      if (ownLimit(load) > now()) return false;
      load.usage.countJob(now());
      load.limitedUntil = ownLimit(load);
      if (load.limitedUntil > 0) loadChanged(providerId);
      return true;
    },
    withDailyLimit: () => [...entries.keys()].filter((id) => (loads.get(id)?.listing.limits.tokensPerDay ?? 0n) > 0n),
    setTokensToday(providerId, tokens) {
      const load = loads.get(providerId);
      if (load === undefined) return;
      load.usage.setTokens(tokens, now());
      const before = load.limitedUntil;
      load.limitedUntil = Math.max(before > now() ? before : 0, ownLimit(load));
      if (load.limitedUntil !== before) loadChanged(providerId);
    },
    limitedUntil: (providerId) => loads.get(providerId)?.limitedUntil ?? 0,
    refresh() {
      for (const load of loads.values()) {
        tick(load);
        load.withinHours = withinHours(load.listing.hours, clock.now());
      }
    },
  };
}
