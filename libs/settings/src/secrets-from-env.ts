import { settingsFaults } from './faults.ts';

/** One secret a service takes from its environment. */
export interface SecretDeclaration {
  description: string;
  required: boolean;
  /** For development only; a required secret has none. */
  default?: string;
}

type Given = { required: true } | { default: string };

/** Text where a secret is required or has a default; otherwise it may be absent. */
export type Secrets<Table extends Readonly<Record<string, SecretDeclaration>>> = {
  readonly [Name in keyof Table as Table[Name] extends Given ? Name : never]: string;
} & {
  readonly [Name in keyof Table as Table[Name] extends Given ? never : Name]?: string | undefined;
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
