import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportMarket } from './market/report.ts';
import { runMarket } from './market/run-market.ts';
import { reportMoney } from './money/report.ts';
import { runMoney } from './money/run-money.ts';
import { runSteps } from './steps/run-steps.ts';

/** `market` or `money [--seconds N] [--seed S] [--short]`, or `steps [--only pattern]`; exit code 1 on any violation. */
const shortSeconds = 8;

// Parts are started again and again: what Node compiled for one of them serves the next.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../../node_modules/.cache/compile');

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string' },
    short: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const log = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const [name, ...more] = positionals;
  if (more.length === 0 && name === 'steps') return runSteps({ only: values.only, log });
  if (more.length > 0 || (name !== 'market' && name !== 'money')) throw new Error('say `market`, `money` or `steps`');
  const seconds = values.short ? shortSeconds : wholeNumber('seconds', values.seconds, 3_600);
  const seed = values.seed === undefined ? Date.now() % 1_000_000 : wholeNumber('seed', values.seed, 2 ** 32 - 1);
  log(`seed ${seed}; again: bun run chaos:${name} --seconds ${seconds} --seed ${seed}`);
  if (name === 'money') return reportMoney(await runMoney({ seed, seconds, log }), log);
  return reportMarket(await runMarket({ seed, seconds, log }), log);
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max)
    throw new Error(`--${name} takes a whole number from 1 to ${max}`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
