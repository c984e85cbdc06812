import { type Gate } from './gate.ts';

const exact = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const fields = ['dependencies', 'devDependencies', 'optionalDependencies'] as const;

/**
 * Every version is exact, so that two installs of one commit run the same code. TypeScript alone takes patch
 * releases (`~`), because typescript-eslint bounds its minor version. The lockfile must name no private registry.
 */
export const versionPins: Gate = {
  name: 'version pins',
  check(files, read) {
    const manifests = files
      .filter((file) => /(^|\/)package\.json$/.test(file))
      .flatMap((file) => ofManifest(file, read));
    const lock = files.includes('bun.lock') ? read('bun.lock') : '';
    const hosts = [...new Set(lock.match(/https?:\/\/[^/"\s]+/g) ?? [])];
    return [
      ...manifests,
      ...hosts
        .filter((host) => host !== 'https://registry.npmjs.org')
        .map((host) => `bun.lock: downloads from ${host}`),
    ];
  },
};

function ofManifest(file: string, read: (file: string) => string): string[] {
  const manifest = JSON.parse(read(file)) as Partial<Record<(typeof fields)[number], Record<string, string>>>;
  return fields.flatMap((field) =>
    Object.entries(manifest[field] ?? {})
      .filter(([name, version]) => !isPinned(name, version))
      .map(([name, version]) => `${file}: ${field} has ${name} ${version}`),
  );
}

function isPinned(name: string, version: string): boolean {
  if (version.startsWith('workspace:')) return true;
  return exact.test(name === 'typescript' ? version.replace(/^~/, '') : version);
}
