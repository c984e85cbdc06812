import fc from 'fast-check';

/** A run takes about a second, and making a failure smaller some minutes; what takes longer hangs. */
export const timeLimitMs = 300_000 + 3_000 * Number(process.env['FC_RUNS'] ?? 0);

/**
 * How often to try, and how a failure is told and tried again: FC_RUNS, and FC_SEED, FC_PATH and FC_REPLAY_PATH as a
 * failure prints them.
 */
export function replayOf(file: string) {
  const { FC_RUNS, FC_SEED, FC_PATH, FC_REPLAY_PATH } = process.env;
  const again = FC_SEED !== undefined;
  return {
    parameters: {
      check: (byDefault: number) => ({
        numRuns: FC_RUNS === undefined ? byDefault : Number(FC_RUNS),
        interruptAfterTimeLimit: timeLimitMs,
        markInterruptAsFailure: true,
        ...(again && { seed: Number(FC_SEED) }),
        // A path is of one run and names where it failed.
        ...(again && FC_PATH !== undefined && { path: FC_PATH, endOnFailure: true }),
      }),
      commands: { ...(FC_REPLAY_PATH !== undefined && { replayPath: FC_REPLAY_PATH }) },
    },
    /** @throws the failure there was, with the line that repeats it */
    tell: <Ts>(details: fc.RunDetails<Ts>): void => {
      if (!details.failed) return;
      const report = fc.defaultReportMessage(details);
      const replayPath = /replayPath="([^"]*)"/.exec(report ?? '')?.[1];
      const variables = [
        `FC_SEED=${details.seed}`,
        ...(details.counterexamplePath === null ? [] : [`FC_PATH=${details.counterexamplePath}`]),
        ...(replayPath === undefined ? [] : [`FC_REPLAY_PATH=${replayPath}`]),
      ];
      const command = `npx vitest run --project app-heidrun apps/heidrun/test/${file}`;
      throw new Error(`${report}\n\nagain: ${variables.join(' ')} ${command}`, { cause: details.errorInstance });
    },
  };
}
