import { type z } from 'zod';
import { readSettingsFile } from './settings-file.ts';
import { createSettingsStore, invalidSettings } from './settings-store.ts';
import { type ReloadResult, type Settings, type SettingsOptions } from './settings-types.ts';
import { type FileWatch, watchFile } from './watch-file.ts';

/** One change at a time: each starts from the outcome of the one before. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return <Result>(work: () => Result | Promise<Result>): Promise<Result> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

async function loadFirst(service: string, file: string | undefined) {
  if (file === undefined) return { json: {}, text: undefined };
  const content = await readSettingsFile(file);
  if (content.state === 'read' && content.violations.length === 0) return content;
  if (content.state === 'read') throw invalidSettings(service, content.violations);
  return { json: {}, text: undefined };
}

/**
 * Loads settings (defaults < file < overrides) and keeps them current: the file is watched, and a valid change
 * replaces the values in force as a whole; an invalid one keeps them, is logged by field and counted.
 * @throws Fault SETTINGS_INVALID when the configuration at start is invalid
 */
export async function createSettings<Shape extends z.ZodObject>(
  options: SettingsOptions<Shape>,
): Promise<Settings<z.output<Shape>>> {
  const { schema, file, onReload } = options;
  let { logger } = options;
  const first = await loadFirst(schema.service, file);
  let lastText = first.text;
  const sayIfMissing = () => {
    if (file !== undefined && lastText === undefined) logger?.warn({ file }, 'no settings file, defaults are in force');
  };
  sayIfMissing();
  const layers = { file: first.json, start: options.overrides ?? {}, override: {} };
  const store = createSettingsStore({ schema, layers, log: () => logger, onReload });
  const inTurn = createQueue();

  const readAgain = async (path: string, force: boolean): Promise<ReloadResult | undefined> => {
    const content = await readSettingsFile(path);
    if (content.state === 'missing') {
      if (lastText !== undefined) logger?.warn({ file: path }, 'the settings file is gone, its last values stay');
      lastText = undefined;
      return force ? store.apply({}) : undefined;
    }
    // Writers empty a file before they fill it: an empty one is not complained about, the next event brings the rest.
    if (!force && (content.text === lastText || content.text === '')) return undefined;
    lastText = content.text;
    return content.violations.length > 0 ? store.refuse(content.violations) : store.apply({ file: content.json });
  };
  const startWatching = (path: string): FileWatch =>
    watchFile(
      path,
      () => {
        inTurn(() => readAgain(path, false)).catch((error: unknown) => {
          logger?.error({ err: error, file: path }, 'reading the settings again failed');
        });
      },
      options.watch === false ? {} : options.watch,
    );
  const watching = file === undefined || options.watch === false ? undefined : startWatching(file);

  return {
    current: () => store.state.values,
    onChange: store.onChange,
    onAttempt: store.onAttempt,
    reload: () => inTurn(async () => (file === undefined ? undefined : await readAgain(file, true)) ?? store.apply({})),
    setOverrides: (overrides) => inTurn(() => store.setOverrides(overrides)),
    startWith: (overrides) => store.startWith(overrides),
    plan: store.plan,
    states: store.states,
    originOf: (path) => store.state.origins.get(path) ?? 'default',
    describe: () => ({ service: schema.service, jsonSchema: schema.jsonSchema, fields: schema.fields }),
    logTo(target) {
      logger = target;
      sayIfMissing();
    },
    get rejectedReloads() {
      return store.state.rejected;
    },
    get pendingRestart() {
      return store.state.pending;
    },
    get ignoredOverrides() {
      return store.state.ignored;
    },
    close: () => watching?.close(),
  };
}
