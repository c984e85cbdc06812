import { type Gate } from './gate.ts';

const registry = 'libs/pg-kit/src/advisory-locks.ts';
const call = /pg_\w*advisory\w*lock\w*/;
/** A number or an expression of one's own in the call, instead of a parameter or what the registry made. */
const ownNumber = /pg_\w*advisory\w*lock\w*\((?!\$[1-9]|\$\{|')/;

/** Advisory locks have one number space per database: every number comes from one registry, so that none is used twice. */
export const advisoryLockNumbers: Gate = {
  name: 'advisory locks',
  check: (files, read) =>
    files
      .filter((file) => /\.(ts|sql)$/.test(file) && file !== registry && !file.startsWith('tools/'))
      .filter((file) => call.test(read(file)))
      .flatMap((file) => {
        const text = read(file);
        const numbered = text.split('\n').flatMap((line, index) => (ownNumber.test(line) ? [index + 1] : []));
        const foreign = /\b(advisoryLocks|namedLock)\b/.test(text) ? [] : [`${file}: its locks are not of ${registry}`];
        return [...numbered.map((line) => `${file}:${line}: a lock with a number of its own`), ...foreign];
      }),
};
