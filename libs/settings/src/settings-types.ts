import { type FieldViolation } from '@edda/faults';
import { type Logger } from '@edda/telemetry';
import { type z } from 'zod';
import { type SettingsSchema } from './define-settings.ts';
import { type Overrides } from './overrides.ts';
import { type SettingField } from './setting-fields.ts';
import { type SettingState } from './setting-states.ts';
import { type FileWatchOptions } from './watch-file.ts';

/** Any part of the settings, at any depth; lists and maps are replaced as a whole. */
export type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [Key in keyof T]?: DeepPartial<T[Key]> | undefined }
    : T;

/** Where a value comes from: `start` are the overrides given at start, `override` those set since. */
export type SettingOrigin = 'default' | 'file' | 'start' | 'override';

export interface ReloadResult {
  /** Whether the given configuration is valid and now in force (restart-only fields aside). */
  applied: boolean;
  /** What is wrong, when it is not. */
  violations: readonly FieldViolation[];
  /** Settings whose value in force changed. */
  changed: readonly string[];
  /** Settings that differ from the running value and wait for a restart. */
  pendingRestart: readonly string[];
}

export interface SettingsOptions<Shape extends z.ZodObject> {
  schema: SettingsSchema<Shape>;
  /** The JSON file. It may be missing, and is picked up when it appears. */
  file?: string;
  /** Win over the file. */
  overrides?: DeepPartial<z.output<Shape>>;
  logger?: SettingsLogger;
  /** Called after every attempt to change settings, e.g. to count rejected ones in a metric. */
  onReload?: (result: ReloadResult) => void;
  watch?: FileWatchOptions | false;
}

/** New values by path; undefined drops the override. */
export type SettingChanges = ReadonlyMap<string, unknown>;

/** What a change of overrides would lead to, or everything that is wrong with it. */
export type UpdatePlan =
  | { violations: readonly FieldViolation[]; overrides?: never }
  | {
      violations: readonly [];
      /** All overrides after the change, those ignored by this version included. */
      overrides: Overrides;
      /** Every setting as it would be. */
      states: readonly SettingState[];
      pendingRestart: readonly string[];
    };

/** A service’s settings in force. */
export interface Settings<T> {
  /** The values in force, deeply frozen; take them anew for every request. */
  current: () => T;
  /** Called after each change in force, with both values. @returns stops it */
  onChange: (listener: (previous: T, next: T) => void) => () => void;
  /** Called after every attempt to change settings, refused ones included. @returns stops it */
  onAttempt: (listener: (result: ReloadResult) => void) => () => void;
  /** Reads the file again, changed or not. */
  reload(): Promise<ReloadResult>;
  /**
   * Replaces the overrides (they win over everything). Those that are not valid here are left out one by one, logged
   * and kept in `ignoredOverrides`; the others take effect, restart-only ones with the next start.
   */
  setOverrides(overrides: Overrides): Promise<ReloadResult>;
  /** The same before anything was built from the settings: restart-only overrides take effect as well. */
  startWith(overrides: Overrides): void;
  /** What changing these stored overrides would lead to; changes nothing. */
  plan(stored: Overrides, changes: SettingChanges): UpdatePlan;
  /** Every setting with its value, origin and whether it waits for a restart, ordered by path. */
  states(): readonly SettingState[];
  originOf(path: string): SettingOrigin;
  describe(): { service: string; jsonSchema: Readonly<Record<string, unknown>>; fields: readonly SettingField[] };
  /** From now on logs here; for a log that is opened with the settings themselves. */
  logTo(logger: SettingsLogger): void;
  /** How many reloads were refused since the start. */
  readonly rejectedReloads: number;
  /** Restart-only settings whose new value is not in force. */
  readonly pendingRestart: readonly string[];
  /** Overrides that are not valid in this version and therefore not in force, with the reason. */
  readonly ignoredOverrides: readonly FieldViolation[];
  close: () => void;
}

/** What a running service may do with its log. */
export type SettingsLogger = Pick<Logger, 'info' | 'warn' | 'error'>;
