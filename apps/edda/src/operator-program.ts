import { Command, Option } from 'commander';
import { auditVerify } from './commands/audit-verify.ts';
import { keys } from './commands/keys.ts';
import { addSettingsCommands } from './commands/settings/add-settings-commands.ts';
import { token } from './commands/token.ts';
import { welcome } from './commands/welcome.ts';
import { MAX_PORT_OFFSET } from './market/market-ports.ts';
import { dataDir, wholeNumber } from './options.ts';

const role = () =>
  new Option('--role <role...>', 'what the bearer may do')
    .choices(['user', 'provider', 'service', 'admin'])
    .default(['user']);

/** The commands that need no market on this machine. */
export function createOperatorProgram(): Command {
  const program = new Command('edda')
    .description('Runs the Edda marketplace on this machine.')
    .showHelpAfterError('(edda <command> --help tells more)');
  program
    .command('token')
    .description('mints a bearer token for this market')
    .addOption(dataDir())
    .addOption(role())
    .option('--user <id>', 'whose token it is', 'demo')
    .option('--network <id>', 'the tenant', 'demo')
    .option('--ttl <seconds>', 'lifetime', wholeNumber(1, 31_536_000), 86_400)
    .action(token);
  program
    .command('keys')
    .description('makes the signing keys and the secrets of a market, unless they exist')
    .addOption(dataDir())
    .option('--agent-token <user>', 'also writes a provider token of this user, good for a year')
    .action(keys);
  program
    .command('welcome')
    .description('gives a payer a sandbox card and money, and a payee a sandbox bank account, unless they have them')
    .addOption(dataDir())
    .option('--heidrun <host:port>', 'where Heidrun listens', '127.0.0.1:50052')
    .option('--payer <user>', 'who is to pay')
    .option('--payee <user>', 'who is to be paid')
    .option('--network <id>', 'the tenant of both', 'demo')
    .action(welcome);
  program
    .command('audit')
    .description('looks at the audit logs of a running market')
    .command('verify')
    .description('recomputes every service’s hash chain; exits with 1 unless all are intact')
    .addOption(dataDir())
    .option('--port-offset <n>', 'as given to up', wholeNumber(0, MAX_PORT_OFFSET), 0)
    .option('--host <name>', 'where the services listen', '127.0.0.1')
    .action(auditVerify);
  addSettingsCommands(program);
  return program;
}
