import { type Command, InvalidArgumentError, Option } from 'commander';
import { MAX_PORT_OFFSET } from '../../market/market-ports.ts';
import { dataDir, wholeNumber } from '../../options.ts';
import { stopRequested } from '../stop-requested.ts';
import { parseChanges } from './parse-changes.ts';
import { type ServiceName, serviceNames, type SettingsPlace } from './settings-access.ts';
import { settingsChange, type SettingsChangeOptions } from './settings-change.ts';
import { settingsGet, type SettingsGetOptions } from './settings-get.ts';
import { settingsReload } from './settings-reload.ts';
import { settingsWatch } from './settings-watch.ts';

/** Adds `settings get|set|reset|reload|watch`. @param print where to; standard output by default */
export function addSettingsCommands(
  program: Command,
  print: (text: string) => void = (text) => void process.stdout.write(text),
): void {
  const group = program.command('settings').description('shows and changes the settings of a running market');
  const add = (name: string, description: string) =>
    group
      .command(name)
      .description(description)
      .addOption(dataDir())
      .option('--port-offset <n>', 'as given to up', wholeNumber(0, MAX_PORT_OFFSET), 0)
      .option('--host <name>', 'where the services listen', '127.0.0.1')
      .option('--address <host:port>', 'of the one service named, or of Nornen when there are several')
      .option('--service <names>', `${serviceNames.join(', ')}, or several with commas; all by default`, servicesOf)
      .option('--user <id>', 'the admin who is recorded', 'edda-settings');

  add('get', 'prints the settings in force, where each comes from and what waits for a restart')
    .argument('[prefix]', 'only those whose path begins with this', '')
    .option('--changed', 'only those that are not the default')
    .option('--json', 'prints one JSON array')
    .action((prefix: string, options: SettingsGetOptions) => settingsGet(prefix, options, print));
  changing(add('set', 'changes settings while the services run: a new version in each, on all replicas'))
    .argument('<path=value...>', 'value as JSON, or text')
    .action((given: string[], options: SettingsChangeOptions) => settingsChange(parseChanges(given), options, print));
  changing(add('reset', 'drops changed settings: those of the file, or the defaults, are in force again'))
    .argument('<path...>', 'which')
    .action((paths: string[], options: SettingsChangeOptions) =>
      settingsChange(
        paths.map((path) => ({ path, valueJson: undefined })),
        options,
        print,
      ),
    );
  add('reload', 'has the services read their files again').action((options: SettingsPlace) =>
    settingsReload(options, print),
  );
  add('watch', 'prints every change until Ctrl-C')
    .argument('[prefix]', 'only settings whose path begins with this', '')
    .action(async (prefix: string, options: SettingsPlace) => {
      const stop = new AbortController();
      void stopRequested().then(() => stop.abort());
      await settingsWatch(prefix, options, print, stop.signal);
    });
}

const changing = (command: Command): Command =>
  command
    .addOption(new Option('--reason <text>', 'why, kept with the version').makeOptionMandatory())
    .option(
      '--expected-version <n>',
      'only if this is the newest version still',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .option('--dry-run', 'checks the change and stores nothing');

function servicesOf(text: string): ServiceName[] {
  return text.split(',').map((given) => {
    const known = serviceNames.find((name) => name === given.trim());
    if (known === undefined) throw new InvalidArgumentError(`must be of ${serviceNames.join(', ')}.`);
    return known;
  });
}
