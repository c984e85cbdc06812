import { parseArgs } from 'node:util';
import { run } from './run.ts';

const { values } = parseArgs({ options: { settings: { type: 'string' } } });
const settingsFile = values.settings ?? process.env['EDDA_SETTINGS'];
const agent = await run({ env: process.env, ...(settingsFile !== undefined && { settingsFile }) });
const stop = () => void agent.close();
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
// Refused for good is a failure whoever supervises this process should see.
if ((await agent.over) === 'rejected') process.exitCode = 1;
await agent.close();
