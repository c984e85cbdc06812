import { describe } from '@edda/service-kit';
import { createProgram } from './program.ts';

/** Runs what the arguments of this process ask for; what fails is one line on standard error and exit code 1. */
export async function runCommandLine(): Promise<void> {
  try {
    await createProgram().parseAsync();
  } catch (error) {
    process.stderr.write(`edda: ${describe(error)}\n`);
    process.exit(1);
  }
}
