import { type FieldViolation } from '@edda/faults';
import { type z } from 'zod';
import { type SettingsSchema } from './define-settings.ts';
import { settingsFaults } from './faults.ts';
import { deepFreeze, parseSettings } from './parse-settings.ts';
import { applyLive, changedPaths, valueAt } from './restart-only.ts';
import { type ReloadResult, type SettingOrigin, type SettingsLogger } from './settings-types.ts';

/** The layers above the defaults, lowest first. */
export interface Layers {
  file: unknown;
  start: unknown;
  override: unknown;
}

export interface StoreOptions<Shape extends z.ZodObject> {
  schema: SettingsSchema<Shape>;
  layers: Layers;
  logger?: SettingsLogger | undefined;
  onReload?: ((result: ReloadResult) => void) | undefined;
}

const stacked = (layers: Layers) => [layers.file, layers.start, layers.override];

/** Joins violations into one text for people; the fault lists them all. */
export function invalidSettings(service: string, violations: readonly FieldViolation[]) {
  const lines = violations.map(({ field, description }) => (field === '' ? description : `${field}: ${description}`));
  return settingsFaults.SETTINGS_INVALID(`settings of ${service}: ${lines.join('; ')}`, { violations });
}

/** Tells listeners one after the other; one that throws keeps none of the others from hearing it. */
function createListeners<T>(logger: SettingsLogger | undefined) {
  const listeners = new Set<(previous: T, next: T) => void>();
  return {
    add(listener: (previous: T, next: T) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    notify(previous: T, next: T) {
      for (const listener of listeners) {
        try {
          listener(previous, next);
        } catch (error) {
          logger?.error({ err: error }, 'a listener to changed settings failed');
        }
      }
    },
  };
}

/**
 * The values in force and the layers they came from; knows no files.
 * @throws Fault SETTINGS_INVALID when the first layers are invalid
 */
export function createSettingsStore<Shape extends z.ZodObject>({
  schema,
  logger,
  onReload,
  ...given
}: StoreOptions<Shape>) {
  type Values = z.output<Shape>;
  const first = parseSettings(schema, stacked(given.layers));
  if (first.values === undefined) throw invalidSettings(schema.service, first.violations);
  const listeners = createListeners<Values>(logger);
  const state = { values: first.values, layers: given.layers, rejected: 0, pending: [] as string[] };

  const refuse = (violations: readonly FieldViolation[]): ReloadResult => {
    state.rejected += 1;
    logger?.error({ violations }, 'settings refused, the previous values stay in force');
    const result = { applied: false, violations, changed: [], pendingRestart: state.pending };
    onReload?.(result);
    return result;
  };
  const accept = (layers: Layers, values: Values, pending: string[]): ReloadResult => {
    const previous = state.values;
    const changed = changedPaths(schema.fields, previous, values);
    Object.assign(state, { layers, pending });
    if (changed.length > 0) state.values = deepFreeze(values);
    if (changed.length + pending.length > 0) logger?.info({ changed, pending_restart: pending }, 'settings changed');
    const result = { applied: true, violations: [], changed, pendingRestart: pending };
    onReload?.(result);
    if (changed.length > 0) listeners.notify(previous, state.values);
    return result;
  };
  return {
    state,
    onChange: (listener: (previous: Values, next: Values) => void) => listeners.add(listener),
    refuse,
    /** Puts some layers in place of the present ones, if the outcome is valid. */
    apply(change: Partial<Layers>): ReloadResult {
      const layers = { ...state.layers, ...change };
      const wanted = parseSettings(schema, stacked(layers));
      if (wanted.values === undefined) return refuse(wanted.violations);
      const live = applyLive<Values>(schema.fields, state.values, wanted.values);
      // New live values beside running restart-only ones must hold together as well.
      const clashes = live.pending.length > 0 ? (schema.crossCheck?.(live.values) ?? []) : [];
      if (clashes.length === 0) return accept(layers, live.values, live.pending);
      const note = (text: string) => `${text} (until a restart puts ${live.pending.join(', ')} in force)`;
      return refuse(clashes.map(({ field, description }) => ({ field, description: note(description) })));
    },
    check: (override: unknown) => parseSettings(schema, stacked({ ...state.layers, override })).violations,
    originOf(path: string): SettingOrigin {
      if (valueAt(state.layers.override, path) !== undefined) return 'override';
      if (valueAt(state.layers.start, path) !== undefined) return 'start';
      return valueAt(state.layers.file, path) === undefined ? 'default' : 'file';
    },
  };
}
