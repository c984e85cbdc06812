import { type settings as contract } from '@edda/contracts';
import { commonFaults } from '@edda/faults';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { pathPrefix } from './parse-update.ts';
import { type SettingsDeps } from './settings-deps.ts';
import { snapshotMessage } from './snapshot-message.ts';

const schema = z.object({ pathPrefix });

/** Paths of settings that differ in anything: value, origin, or what waits for a restart. */
function differing(before: readonly contract.Setting[], after: readonly contract.Setting[]): string[] {
  const known = new Map(before.map((setting) => [setting.path, JSON.stringify(setting)]));
  return after.filter((setting) => known.get(setting.path) !== JSON.stringify(setting)).map(({ path }) => path);
}

const restOf = ({ version, ignoredOverrides }: contract.SettingsSnapshot) =>
  JSON.stringify([String(version), ignoredOverrides]);

/**
 * WatchSettings: a snapshot at once, then one after every change. A reader that is slow gets the newest state, not
 * every one in between, so that nothing piles up for it. @throws RATE_LIMITED
 */
export function createWatchSettings(deps: SettingsDeps) {
  const { feed, settings } = deps;
  let open = 0;
  return async function* (
    request: contract.WatchSettingsRequest,
    { signal }: Pick<CallContext, 'signal'>,
  ): AsyncGenerator<contract.WatchSettingsResponse> {
    const { pathPrefix: prefix } = parseWith(schema, request);
    const { maxWatchers } = settings.current().settings;
    if (open >= maxWatchers) {
      throw commonFaults.RATE_LIMITED(`${maxWatchers} streams watch these settings already.`, { retryAfterMs: 1_000 });
    }
    open += 1;
    try {
      let revision = feed.revision();
      let last = snapshotMessage(deps, prefix);
      yield { snapshot: last, changedPaths: [] };
      while (!signal.aborted) {
        await feed.changed(revision, signal);
        revision = feed.revision();
        const next = snapshotMessage(deps, prefix);
        const changedPaths = differing(last.settings, next.settings);
        const worthTelling = changedPaths.length > 0 || restOf(last) !== restOf(next);
        last = next;
        if (worthTelling && !signal.aborted) yield { snapshot: next, changedPaths };
      }
    } finally {
      open -= 1;
    }
  };
}
