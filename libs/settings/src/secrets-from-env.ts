import { settingsFaults } from './faults.ts';

/** One secret a service takes from its environment. */
export interface SecretDeclaration {
  description: string;
  required: boolean;
  /** For development only; a required secret has none. */
  default?: string;
}

/** Text where a secret is required or has a default, otherwise text or undefined. */
export type Secrets<Table extends Readonly<Record<string, SecretDeclaration>>> = {
  readonly [Name in keyof Table]: Table[Name] extends { required: true } | { default: string }
    ? string
    : string | undefined;
};

/**
 * Takes secrets from the environment; empty counts as absent. Nothing else in the environment is looked at.
 * @throws Fault SECRET_MISSING naming every absent one at once
 */
export function secretsFromEnv<const Table extends Readonly<Record<string, SecretDeclaration>>>(
  table: Table,
  env: Readonly<Record<string, string | undefined>>,
): Secrets<Table> {
  const valueOf = (name: string, secret: SecretDeclaration) => {
    const value = env[name];
    return value === undefined || value === '' ? secret.default : value;
  };
  const entries = Object.entries(table).map(([name, secret]) => ({ name, secret, value: valueOf(name, secret) }));
  const missing = entries.filter(({ secret, value }) => secret.required && value === undefined);
  if (missing.length > 0) {
    throw settingsFaults.SECRET_MISSING(`missing in the environment: ${missing.map(({ name }) => name).join(', ')}`, {
      violations: missing.map(({ name, secret }) => ({ field: name, description: secret.description })),
    });
  }
  return Object.freeze(Object.fromEntries(entries.map(({ name, value }) => [name, value]))) as Secrets<Table>;
}
