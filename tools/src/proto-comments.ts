import { installed, runNodeScript } from './run-command.ts';

const rules = ['ENUM', 'ENUM_VALUE', 'FIELD', 'MESSAGE', 'ONEOF', 'RPC', 'SERVICE'].map((name) => `COMMENT_${name}`);
const config = {
  version: 'v2',
  modules: [{ path: 'proto' }],
  lint: { use: rules, ignore: ['proto/google', 'proto/grpc'] },
};

interface Finding {
  path: string;
  start_line: number;
  message: string;
}

/** An RPC's comment speaks for its two messages, and a zero value means the same in every enum. */
const needsNone = ({ message }: Finding) =>
  /^Message "\w+(Request|Response)"/.test(message) || /^Enum value "\w+_UNSPECIFIED"/.test(message);

/** What buf's findings leave undocumented, one line each. */
export function undocumented(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Finding)
    .filter((finding) => !needsNone(finding))
    .map(({ path, start_line, message }) => `${path}:${start_line}: ${message}`);
}

/** Every part of the contract that carries no comment; throws when buf itself fails. */
export async function checkProtoComments(): Promise<string[]> {
  const args = ['lint', '--error-format', 'json', '--config', JSON.stringify(config)];
  const { code, stdout } = await runNodeScript(installed.buf, args, { capture: true });
  // 100 is buf's way of saying that there are findings.
  if (code !== 0 && code !== 100) throw new Error(`buf lint ended with ${code}`);
  return undocumented(stdout);
}
