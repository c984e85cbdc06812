import { describe } from '@edda/service-kit';
import { createProgram } from './program.ts';

try {
  await createProgram().parseAsync();
} catch (error) {
  process.stderr.write(`edda: ${describe(error)}\n`);
  process.exit(1);
}
