import { runMain } from '@edda/service-kit';
import { nornenSecrets, run } from './run.ts';

await runMain({ service: 'nornen', secrets: nornenSecrets, run });
