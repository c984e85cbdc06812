import { type settings } from '@edda/contracts';

/**
 * `path=value` as changes. A value is JSON; what is not JSON is taken as text, so that `log.level=debug` needs no
 * quotes within quotes.
 * @throws Error naming the first argument that is no change
 */
export function parseChanges(given: readonly string[]): settings.SettingChange[] {
  return given.map((argument) => {
    const at = argument.indexOf('=');
    if (at < 1) throw new Error(`${argument}: must be <path>=<value>`);
    const path = argument.slice(0, at);
    const valueJson = asJson(argument.slice(at + 1));
    if (valueJson === '""' && argument.endsWith('=')) throw new Error(`${path}: has no value; "" is empty text`);
    if (valueJson === 'null') throw new Error(`${path}: null is no value; edda settings reset ${path} drops it`);
    return { path, valueJson };
  });
}

function asJson(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return JSON.stringify(text);
  }
}
