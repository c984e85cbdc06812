import { type IncomingHttpHeaders } from 'node:http';
import { parseWith } from '@edda/grpc-kit';
import { type MessageJson } from '../json/contract-json.ts';
import { type EddaFields, eddaFields } from './chat-schema.ts';

const prefix = 'x-edda-';

/** Headers that say what the body's `edda` object says, for clients that cannot add to the body: x-edda-max-cost-cents, … */
const plain = ['max_cost_cents', 'timeout_ms'];
const preferences = [
  'min_quality',
  'max_latency_ms',
  'only_providers',
  'ignore_providers',
  'own_network_only',
  'trusted_only',
];

/**
 * Cost limit and preferences of a request: the headers', overridden field by field by the body's.
 * @param parameters the contract's ComputeParameters, which knows the fields' types
 * @throws INVALID_INPUT naming the header
 */
export function eddaOf(
  headers: IncomingHttpHeaders,
  body: EddaFields | null | undefined,
  parameters: MessageJson,
): EddaFields {
  const top = pick(headers, plain);
  const wanted = pick(headers, preferences);
  if (Object.keys(top).length === 0 && Object.keys(wanted).length === 0) return body ?? {};
  const given = { ...parameters.fromQuery(top), preferences: parameters.messageOf('preferences').fromQuery(wanted) };
  const fromHeaders = parseWith(eddaFields, given);
  return { ...fromHeaders, ...body, preferences: { ...fromHeaders.preferences, ...body?.preferences } };
}

function pick(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = headers[prefix + name.replaceAll('_', '-')];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
