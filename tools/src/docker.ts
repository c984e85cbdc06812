import { runCommand } from './run-command.ts';

/** Whether a Docker Engine can be reached; an engine that does not answer within ten seconds is none. */
export async function dockerAnswers(): Promise<boolean> {
  const { code } = await runCommand('docker', ['version', '--format', '{{.Server.Version}}'], {
    capture: true,
    timeoutMs: 10_000,
  });
  return code === 0;
}

/** Compose v2 (`docker compose`) or else v1 (`docker-compose`), as a program and its first arguments. */
export async function composeCommand(): Promise<readonly [string, ...string[]] | undefined> {
  const candidates = [['docker', 'compose'] as const, ['docker-compose'] as const];
  for (const candidate of candidates) {
    const [program, ...args] = candidate;
    if ((await runCommand(program, [...args, 'version'], { capture: true, timeoutMs: 10_000 })).code === 0)
      return candidate;
  }
  return undefined;
}
