import { type FieldViolation } from '@edda/faults';
import { type z } from 'zod';
import { createListeners } from './listeners.ts';
import { type SettingsSchema } from './define-settings.ts';
import { settingsFaults } from './faults.ts';
import { acceptOverrides, asLayer, type Overrides } from './overrides.ts';
import { deepFreeze, parseSettings } from './parse-settings.ts';
import { planUpdate } from './plan-update.ts';
import { applyLive, changedPaths } from './restart-only.ts';
import { type Layers, originsOf, statesOf } from './setting-states.ts';
import { type ReloadResult, type SettingChanges, type SettingsLogger } from './settings-types.ts';

export interface StoreOptions<Shape extends z.ZodObject> {
  schema: SettingsSchema<Shape>;
  layers: Layers;
  log: () => SettingsLogger | undefined;
  onReload?: ((result: ReloadResult) => void) | undefined;
}

const stacked = (layers: Layers) => [layers.file, layers.start, layers.override];
const noPaths: readonly string[] = [];

/** Joins violations into one text for people; the fault lists them all. */
export function invalidSettings(service: string, violations: readonly FieldViolation[]) {
  const lines = violations.map(({ field, description }) => (field === '' ? description : `${field}: ${description}`));
  return settingsFaults.SETTINGS_INVALID(`settings of ${service}: ${lines.join('; ')}`, { violations });
}

function firstState<Shape extends z.ZodObject>(schema: SettingsSchema<Shape>, layers: Layers) {
  const first = parseSettings(schema, stacked(layers));
  if (first.values === undefined) throw invalidSettings(schema.service, first.violations);
  return {
    values: first.values,
    wanted: first.values,
    layers,
    origins: originsOf(schema.fields, layers, noPaths),
    pending: noPaths,
    rejected: 0,
    ignored: [] as readonly FieldViolation[],
  };
}

/**
 * The values in force and the layers they came from; knows no files.
 * @throws Fault SETTINGS_INVALID when the first layers are invalid
 */
export function createSettingsStore<Shape extends z.ZodObject>({
  schema,
  log,
  onReload,
  ...given
}: StoreOptions<Shape>) {
  type Values = z.output<Shape>;
  const { fields } = schema;
  const state = firstState(schema, given.layers);
  const listeners = createListeners<[previous: Values, next: Values]>(log);
  const attempts = createListeners<[ReloadResult]>(log);
  if (onReload !== undefined) attempts.add(onReload);

  const refuse = (violations: readonly FieldViolation[]): ReloadResult => {
    state.rejected += 1;
    log()?.error({ violations }, 'settings refused, the previous values stay in force');
    const result = { applied: false, violations, changed: [], pendingRestart: state.pending };
    attempts.notify(result);
    return result;
  };
  const accept = (layers: Layers, values: Values, wanted: Values, pending: readonly string[]): ReloadResult => {
    const previous = state.values;
    const changed = changedPaths(fields, previous, values);
    const waiting = pending.join() !== state.pending.join();
    const origins = originsOf(fields, layers, pending, state.origins);
    Object.assign(state, { layers, pending, wanted, origins });
    if (changed.length > 0) state.values = deepFreeze(values);
    if (changed.length > 0 || waiting) log()?.info({ changed, pending_restart: pending }, 'settings changed');
    const result = { applied: true, violations: [], changed, pendingRestart: pending };
    if (changed.length > 0) listeners.notify(previous, state.values);
    attempts.notify(result);
    return result;
  };
  /** Puts some layers in place of the present ones, if the outcome is valid. */
  const apply = (change: Partial<Layers>): ReloadResult => {
    const layers = { ...state.layers, ...change };
    const wanted = parseSettings(schema, stacked(layers));
    if (wanted.values === undefined) return refuse(wanted.violations);
    const live = applyLive<Values>(schema, state.values, wanted.values);
    return live.violations.length > 0
      ? refuse(live.violations)
      : accept(layers, live.values, wanted.values, live.pending);
  };
  /** Leaves out what is not valid here, and says so. */
  const acceptable = (overrides: Overrides) => {
    const { accepted, ignored } = acceptOverrides(schema, [state.layers.file, state.layers.start], overrides);
    if (ignored.length > 0) {
      log()?.error({ violations: ignored }, 'stored settings are ignored: they are not valid in this version');
    }
    state.ignored = ignored;
    return asLayer(accepted);
  };
  return {
    state,
    onChange: (listener: (previous: Values, next: Values) => void) => listeners.add(listener),
    onAttempt: (listener: (result: ReloadResult) => void) => attempts.add(listener),
    refuse,
    apply,
    setOverrides: (overrides: Overrides) => apply({ override: acceptable(overrides) }),
    startWith(overrides: Overrides): void {
      const layers = { ...state.layers, override: acceptable(overrides) };
      const { values } = parseSettings(schema, stacked(layers));
      // What was accepted is valid over these very layers.
      if (values === undefined) return;
      Object.assign(state, { values, wanted: values, layers, origins: originsOf(fields, layers, noPaths) });
    },
    plan: (stored: Overrides, changes: SettingChanges) => planUpdate(schema, state, stored, changes),
    states: () => statesOf(fields, state),
  };
}
