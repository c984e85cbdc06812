import { Fault } from '@edda/faults';
import { secretsFromEnv, type SecretDeclaration, type Secrets } from '@edda/settings';
import { parseArgs } from 'node:util';

/** A running service as its launcher sees it. */
export interface RunningService {
  /** The ports it listens on, by use: `grpc`, `operations`, for Njörðr also `http`. */
  readonly ports: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

/** What `main.ts` hands to `run`. */
export interface MainRunOptions<Table extends Readonly<Record<string, SecretDeclaration>>> {
  settingsFile?: string;
  secrets: Secrets<Table>;
  ignoreOverrides?: boolean;
}

export interface MainOptions<Table extends Readonly<Record<string, SecretDeclaration>>> {
  service: string;
  secrets: Table;
  run: (options: MainRunOptions<Table>) => Promise<RunningService>;
}

/**
 * The body of every service's `main.ts`: secrets from the environment, the settings file from `--settings` or
 * EDDA_SETTINGS, then run until SIGTERM or SIGINT. A second signal ends the process at once. `--ignore-overrides`
 * starts with the file alone where a stored restart-only setting keeps the service from starting.
 */
export async function runMain<const Table extends Readonly<Record<string, SecretDeclaration>>>(
  options: MainOptions<Table>,
): Promise<void> {
  try {
    const { values } = parseArgs({
      options: { settings: { type: 'string' }, 'ignore-overrides': { type: 'boolean', default: false } },
    });
    const settingsFile = values.settings ?? process.env['EDDA_SETTINGS'];
    const service = await options.run({
      secrets: secretsFromEnv(options.secrets, process.env),
      ...(settingsFile !== undefined && { settingsFile }),
      ...(values['ignore-overrides'] && { ignoreOverrides: true }),
    });
    closeOnSignal(service);
  } catch (error) {
    process.exitCode = 1;
    // Whatever a failed start may have left open must not keep the process: who supervises it waits for its end.
    process.stderr.write(`${options.service} could not start: ${describe(error)}\n`, () => process.exit(1));
  }
}

function closeOnSignal(service: RunningService): void {
  let closing = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (closing) process.exit(1);
      closing = true;
      service.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
}

/** For people: `REASON: message`, every named field and what it was caused by, no stack trace. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const fields = error instanceof Fault ? error.violations.map((v) => `\n  ${v.field}: ${v.description}`).join('') : '';
  const cause = error.cause === undefined ? '' : `\n  caused by: ${describe(error.cause)}`;
  const reason = error instanceof Fault ? `${error.reason}: ` : '';
  return reason + messageOf(error) + fields + cause;
}

/** A refused connection to a name with several addresses is an AggregateError whose own message is empty. */
function messageOf(error: Error): string {
  if (error.message !== '') return error.message;
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(describe).join('; ');
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
