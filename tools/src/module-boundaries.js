const outsideDomain = ['@grpc/*', 'pg', 'pg-*', '@prisma/*', 'prisma', 'ioredis', 'fastify', '@fastify/*', 'pino'];
const tooling = 'type:tooling';
const libs = ['type:domain', 'type:contract', 'type:infra', 'type:testing', tooling];

/** What may import what; `tools/src/boundaries.test.ts` proves that a violation is reported. */
export const moduleBoundaries = {
  enforceBuildableLibDependency: false,
  allow: [],
  depConstraints: [
    {
      sourceTag: 'type:domain',
      onlyDependOnLibsWithTags: ['type:domain', tooling],
      bannedExternalImports: outsideDomain,
    },
    { sourceTag: 'type:contract', onlyDependOnLibsWithTags: ['type:domain', 'type:contract', tooling] },
    { sourceTag: 'type:infra', onlyDependOnLibsWithTags: libs },
    { sourceTag: 'type:testing', onlyDependOnLibsWithTags: libs },
    { sourceTag: 'type:app', onlyDependOnLibsWithTags: libs },
    { sourceTag: tooling, onlyDependOnLibsWithTags: [tooling] },
    { sourceTag: 'type:launcher', onlyDependOnLibsWithTags: ['type:app', ...libs] },
  ],
};

/** Only the launcher, the benchmarks and chaos compose other apps, and only through their `run.ts` or a whole market. */
export const launcherBoundaries = {
  ...moduleBoundaries,
  allow: ['@edda/app-*/run', '@edda/app-edda/market', '@edda/app-edda/separate'],
};
