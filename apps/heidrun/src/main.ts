import { runMain } from '@edda/service-kit';
import { run } from './run.ts';
import { secretsTable } from './secrets.ts';

await runMain({ service: 'heidrun', secrets: secretsTable, run });
