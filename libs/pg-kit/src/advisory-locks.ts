/**
 * Every advisory lock of every service, so that two uses never share a number. Replicas of different versions lock
 * against each other: a number is never changed, and never used again for something else.
 */
export const advisoryLocks = {
  /** One migrator at a time. */
  migrations: 4_993_001_842n,
  /** One maker of test templates at a time, in the server's own database. */
  testTemplates: 4_993_001_843n,
  /** A replica's place: shared where there is Redis, else exclusive. */
  replicaPlace: 4_993_001_844n,
  /** One sealer of the audit log at a time. */
  auditSealer: 4_993_001_871n,
  /** One new version of the policies at a time. */
  policies: 4_993_001_901n,
  /** One new version of the settings at a time. */
  settings: 4_993_001_902n,
} as const;

/** Locks by name: these seeds keep equal names of different things apart. */
const seeds = {
  /** Prices of one provider, by its id. */
  providerPrices: 7,
  /** Payment methods of one user. */
  paymentMethods: 11,
} as const;

/** SQL for the number of a lock by name, for `pg_advisory_xact_lock` and its like. @param name an expression: `$1` */
export function namedLock(what: keyof typeof seeds, name: string): string {
  return `hashtextextended(${name}, ${seeds[what]})`;
}

/** The numbers and seeds in use, for the test that no two are equal. */
export const lockNumbers: readonly (bigint | number)[] = [...Object.values(advisoryLocks), ...Object.values(seeds)];
