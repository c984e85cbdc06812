import { type PriceDeed } from '../market/price-changes.ts';
import { type World } from '../world/open-world.ts';

interface Version {
  provider: string;
  model: string;
  version: string;
  cents: string;
}

/**
 * What owners were told of their prices is so: Heidrun's versions count up without a gap, follow the order in which
 * they were wanted, and end, as Njörðr's list does, with the price that was taken last. Two changes in quick succession
 * may become one version.
 */
export async function verifyPrices(
  { databases }: Pick<World, 'databases'>,
  deeds: readonly PriceDeed[],
): Promise<string[]> {
  const heidrun = await databases.heidrun.query<Version>(
    `SELECT provider_id AS provider, model, version::text, price_cents::text AS cents FROM prices
     ORDER BY provider_id, model, prices.version`,
  );
  const njordr = await databases.njordr.query<Version>(
    `SELECT provider_id AS provider, model, price_version::text AS version, price_cents::text AS cents
     FROM provider_prices`,
  );
  const listed = new Map(njordr.rows.map((row) => [nameOf(row), row]));
  const versions = Map.groupBy(heidrun.rows, nameOf);
  const problems = [...versions].flatMap(([name, rows]) => [
    ...rows.flatMap(({ version }, index) =>
      version === String(index + 1) ? [] : [`price ${name} has version ${version} where ${index + 1} is due`],
    ),
    ...listedProblems(name, rows.at(-1), listed.get(name)),
  ]);
  for (const [provider, wanted] of Map.groupBy(deeds, ({ providerId }) => providerId)) {
    problems.push(...orderProblems(provider, wanted, versions.get(provider) ?? []));
  }
  return problems;
}

/** Without a model it is the price of all that have none of their own. */
const nameOf = ({ provider, model }: Version): string => (model === '' ? provider : `${provider} ${model}`);

function listedProblems(name: string, newest: Version | undefined, listed: Version | undefined): string[] {
  if (newest?.version === listed?.version && newest?.cents === listed?.cents) return [];
  const text = (row: Version | undefined) =>
    row === undefined ? 'none' : `${row.cents} cents (version ${row.version})`;
  return [`price ${name} is ${text(newest)}, listed as ${text(listed)}`];
}

/** The first version is the one the device said Hello with. */
function orderProblems(provider: string, deeds: readonly PriceDeed[], versions: readonly Version[]): string[] {
  const taken = deeds.filter(({ status }) => status === 0 || status >= 500 || (status >= 200 && status < 300));
  let at = 0;
  for (const { cents, version } of versions.slice(1)) {
    const next = taken.findIndex(({ priceCents }, index) => index >= at && String(priceCents) === cents);
    if (next < 0) return [`price ${provider} version ${version} of ${cents} cents was not wanted then`];
    at = next + 1;
  }
  const last = taken.findLastIndex(({ status }) => status >= 200 && status < 300);
  if (at > last) return [];
  return [`price ${provider} of ${taken[last]?.priceCents} cents was acknowledged, and is not in force`];
}
