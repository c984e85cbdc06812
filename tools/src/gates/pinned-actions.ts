import { type Gate } from './gate.ts';

/** A workflow runs other people's code only at a commit that was looked at: 40 hex digits and the version beside. */
export const pinnedActions: Gate = {
  name: 'pinned actions',
  check: (files, read) =>
    files
      .filter((file) => /^\.github\/workflows\/.*\.ya?ml$/.test(file))
      .flatMap((file) =>
        read(file)
          .split('\n')
          .filter((line) => /^\s*(-\s+)?uses:/.test(line) && !/uses:\s+(\.\/|\S+@[0-9a-f]{40}\s+# v\d)/.test(line))
          .map((line) => `${file}: ${line.trim()}`),
      ),
};
