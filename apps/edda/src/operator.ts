import { describe } from '@edda/service-kit';
import { createOperatorProgram } from './operator-program.ts';

// What the container image runs: the commands that need no market of their own.
try {
  await createOperatorProgram().parseAsync();
} catch (error) {
  process.stderr.write(`edda: ${describe(error)}\n`);
  process.exit(1);
}
