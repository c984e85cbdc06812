import { z } from 'zod';
import { type ContractJson, type JsonObject, type MessageJson } from '../json/contract-json.ts';
import { type Operation } from './operation.ts';

/** The pieces of an operation's request as HTTP carries them, and the way back to the RPC's message. */
export interface OperationSchema {
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodObject | undefined;
  /** The schema of the answer. */
  readonly answer: z.ZodType;
  /** Whether the RPC takes an idempotency key. */
  readonly mutates: boolean;
  /** A query string's texts as JSON for `query`. */
  readQuery(query: JsonObject): JsonObject;
  /** Path, query and body, each as its schema gave it, as the RPC's message. */
  toMessage(pieces: JsonObject): JsonObject;
  /** The RPC's response as the answer's JSON. */
  toAnswer(response: JsonObject): unknown;
}

export function operationSchema(operation: Operation, contract: ContractJson): OperationSchema {
  const { request, response } = contract.rpc(operation.rpc);
  const { spread, result } = operation;
  const inPath = [...operation.url.matchAll(/:(\w+)/g)].flatMap((match) => match[1] ?? []);
  const left = without(request, [...inPath, ...(operation.omit ?? []), ...(spread === undefined ? [] : [spread])]);
  const spreadMessage = spread === undefined ? undefined : request.messageOf(spread);
  const hasBody = operation.method === 'POST' || operation.method === 'PUT';
  const body = spreadMessage === undefined ? left : spreadMessage.schema.extend(left.shape);
  const mutates = request.fields.includes('idempotency_key');
  return {
    params: inPath.length === 0 ? undefined : z.object(Object.fromEntries(inPath.map((name) => [name, id]))),
    query: hasBody ? undefined : left.omit(mutates ? { idempotency_key: true } : {}),
    body: !hasBody ? undefined : operation.streamed === undefined ? body : body.extend({ stream }),
    answer: result === undefined ? response.schema : response.messageOf(result).schema,
    mutates,
    readQuery: (query) => request.fromQuery(nested(query)),
    toMessage: (pieces) =>
      request.toMessage(spreadMessage === undefined ? pieces : gather(pieces, spread, spreadMessage)),
    toAnswer(message) {
      const json = response.toJson(message);
      return result === undefined ? json : json[result];
    },
  };
}

const id = z.string().min(1).max(128);
const stream = z.boolean().default(false).meta({ description: 'Answer with server-sent events.' });

function without(message: MessageJson, names: readonly string[]): z.ZodObject {
  const present = names.filter((name) => message.fields.includes(name));
  const mask: Record<string, true> = Object.fromEntries(present.map((name) => [name, true as const]));
  return message.schema.omit(mask);
}

/** Puts the fields of the message that stood in the body directly back under its own name. */
function gather(pieces: JsonObject, name: string | undefined, message: MessageJson): JsonObject {
  const inside: JsonObject = {};
  const outside: JsonObject = {};
  for (const [key, value] of Object.entries(pieces)) (message.fields.includes(key) ? inside : outside)[key] = value;
  return { ...outside, [name ?? '']: inside };
}

/** `created.from=…` and `created[from]=…` as an object `created`. */
function nested(query: JsonObject): JsonObject {
  const json: JsonObject = {};
  for (const [key, value] of Object.entries(query)) {
    const [, outer, inner] = /^(\w+)(?:\.|\[)(\w+)\]?$/.exec(key) ?? [];
    if (outer === undefined || inner === undefined) json[key] = value;
    else json[outer] = { ...(json[outer] as JsonObject | undefined), [inner]: value };
  }
  return json;
}
