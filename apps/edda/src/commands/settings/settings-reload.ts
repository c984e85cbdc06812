import { randomUUID } from 'node:crypto';
import { oneLine, type SettingsPlace, withSettings } from './settings-access.ts';
import { headline } from './settings-text.ts';

/**
 * Has each service named read its file and its stored settings again.
 * @throws Error naming every service that refused its file, or could not be asked
 */
export async function settingsReload(options: SettingsPlace, print: (text: string) => void): Promise<void> {
  const failed = await withSettings(options, async ({ services, of }) => {
    const failures: string[] = [];
    for (const service of services) {
      try {
        const request = { idempotencyKey: `edda-settings:${randomUUID()}` };
        const { applied, violations, snapshot } = await of(service).reloadSettings(request);
        if (applied && snapshot !== undefined) print(`${headline(snapshot)}\n`);
        const wrong = violations.map(({ path, description }) =>
          path === '' ? description : `${path}: ${description}`,
        );
        if (!applied) failures.push(`${service}: refused, the values before stay in force: ${wrong.join('; ')}`);
      } catch (error) {
        failures.push(oneLine(error, service).message);
      }
    }
    return failures;
  });
  if (failed.length > 0) throw new Error(failed.join('; '));
}
