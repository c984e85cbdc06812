import { type SettingsLogger } from './settings-types.ts';

/** Tells listeners one after the other; one that throws keeps none of the others from hearing it. */
export function createListeners<Told extends readonly unknown[]>(log: () => SettingsLogger | undefined) {
  const listeners = new Set<(...told: Told) => void>();
  return {
    add(listener: (...told: Told) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    notify(...told: Told) {
      for (const listener of listeners) {
        try {
          listener(...told);
        } catch (error) {
          log()?.error({ err: error }, 'a listener to changed settings failed');
        }
      }
    },
  };
}
