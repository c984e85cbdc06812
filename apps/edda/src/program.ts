import { type Command } from 'commander';
import { demo } from './commands/demo.ts';
import { up } from './commands/up.ts';
import { MAX_PORT_OFFSET } from './market/market-ports.ts';
import { createOperatorProgram } from './operator-program.ts';
import { dataDir, wholeNumber } from './options.ts';

/** The whole command line. Every command names its options in its `--help`. */
export function createProgram(): Command {
  const program = createOperatorProgram();
  program
    .command('up')
    .description('starts PostgreSQL, all services and one local provider; Ctrl-C stops them')
    .addOption(dataDir())
    .option('--port-offset <n>', 'added to every port', wholeNumber(0, MAX_PORT_OFFSET), 0)
    .option('--separate', 'runs each service and the provider as a process of its own and starts again what ends')
    .option('--verbose', 'prints the services’ log lines, on standard error, instead of writing them to the log file')
    .action(up);
  program
    .command('demo')
    .description('runs one paid request through three providers on a fresh data folder, then explains it')
    .option('--prompt <text>', 'what to ask')
    .option('--json', 'prints one JSON object on standard output and nothing else there')
    .action(demo);
  return program;
}
