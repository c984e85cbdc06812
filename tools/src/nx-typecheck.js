import { dirname } from 'node:path';

/** Nx plugin: every package with a tsconfig.json gets a `typecheck` target. */
export const name = 'edda-typecheck';

/** @type {import('@nx/devkit').CreateNodesV2} */
export const createNodesV2 = [
  '{apps,libs,bench,tools}/**/tsconfig.json',
  (files) =>
    files.map((file) => {
      const target = {
        command: 'tsc --noEmit',
        options: { cwd: '{projectRoot}' },
        cache: true,
        inputs: ['default', '^default', { externalDependencies: ['typescript'] }],
      };
      return [file, { projects: { [dirname(file)]: { targets: { typecheck: target } } } }];
    }),
];
