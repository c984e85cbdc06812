import { isGenerated } from '../workspace.ts';
import { type Gate } from './gate.ts';

// Patterns are written so that they do not match themselves.
const leftovers = [
  { what: 'unfinished work', pattern: /\b(TO[D]O|FIX[M]E|X{3})\b/ },
  { what: 'a folder outside the repository', pattern: /\.\.\/shared\b/ },
  { what: "one machine's path", pattern: /(?<![\w./*-])\/(work|Users|tmp\/brief|home\/(?!node\b)\w+)\// },
];

/** The CI script alone may name the machine's container starter, and only where that exists. */
const exempt = (file: string, what: string) => file === '.ci/run' && what === leftovers[1]?.what;

const isText = (file: string) =>
  !/(^|\/)bun\.lock$/.test(file) && !/\.(png|ico|gz|bin|woff2?|pdf)$/.test(file) && !file.startsWith('proto/google/');

/** What must not be left in a finished repository. */
export const noLeftovers: Gate = {
  name: 'leftovers',
  check: (files, read) =>
    files
      .filter((file) => isText(file) && !isGenerated(file))
      .flatMap((file) =>
        read(file)
          .split('\n')
          .flatMap((line, index) =>
            leftovers
              .filter(({ what, pattern }) => pattern.test(line) && !exempt(file, what))
              .map(({ what }) => `${file}:${index + 1}: ${what}: ${line.trim().slice(0, 100)}`),
          ),
      ),
};
