import { type RoutingQuery } from '../routing/routing-query.ts';
import { type CheckedParameters } from './validate-parameters.ts';

/** What routing needs to know about a request. */
export function routingQueryOf(
  { parameters }: Pick<CheckedParameters, 'parameters'>,
  networkId: string,
  inputTokens: bigint,
): RoutingQuery {
  const { model, maxOutputTokens, maxCostCents, preferences } = parameters;
  return {
    model,
    networkId,
    inputTokens,
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(maxCostCents !== undefined && { maxCostCents }),
    minQuality: preferences?.minQuality ?? 0,
    maxLatencyMs: preferences?.maxLatencyMs ?? 0,
    onlyProviders: preferences?.onlyProviders ?? [],
    ignoreProviders: preferences?.ignoreProviders ?? [],
    ownNetworkOnly: preferences?.ownNetworkOnly ?? false,
    trustedOnly: preferences?.trustedOnly ?? false,
  };
}

/** As JSON, with the amounts as text. */
export function queryToJson(query: RoutingQuery): string {
  return JSON.stringify(query, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

/** Reads back what `queryToJson` wrote. */
export function queryFromJson(stored: Record<string, unknown>): RoutingQuery {
  const amounts = ['inputTokens', 'maxOutputTokens', 'maxCostCents']
    .filter((name) => typeof stored[name] === 'string')
    .map((name) => [name, BigInt(stored[name] as string)] as const);
  return { ...stored, ...Object.fromEntries(amounts) } as unknown as RoutingQuery;
}
