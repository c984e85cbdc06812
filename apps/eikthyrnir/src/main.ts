import { runMain } from '@edda/service-kit';
import { run, secrets } from './run.ts';

await runMain({ service: 'eikthyrnir', secrets, run });
