import { runMain } from '@edda/service-kit';
import { njordrSecrets } from './njordr-secrets.ts';
import { run } from './run.ts';

await runMain({ service: 'njordr', secrets: njordrSecrets, run });
