import { benchCommand } from './harness/command.ts';
import { benchmarks } from './harness/registry.ts';

/** `bun run bench [name] [--json] [--rounds N]`. Whatever else writes to stdout meanwhile goes to stderr. */
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

process.exitCode = await benchCommand(process.argv.slice(2), benchmarks, {
  stdout: (text) => void write(`${text}\n`),
  stderr: (text) => void process.stderr.write(`${text}\n`),
});
