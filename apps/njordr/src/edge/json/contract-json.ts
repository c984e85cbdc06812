import { createFileRegistry, type DescMessage, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorSet } from '@edda/contracts';
import { z } from 'zod';
import { fieldJson, type FieldJson } from './field-json.ts';

export type JsonObject = Record<string, unknown>;

/** How one message of the contract looks in JSON. */
export interface MessageJson {
  /** Full name, e.g. `edda.njordr.v1.Receipt`. */
  readonly typeName: string;
  /** The JSON form: snake_case, unknown fields refused, what the contract leaves out filled in. */
  readonly schema: z.ZodObject;
  /** The field `name` (snake_case) refers to another message: that message. */
  messageOf(name: string): MessageJson;
  /** Names of all fields, in snake_case. */
  readonly fields: readonly string[];
  /** JSON that passed `schema` (or a part of it) as the message that handlers take. */
  toMessage(json: JsonObject): JsonObject;
  /** A handler's message as JSON. @throws RangeError for an integer beyond 2^53 − 1 */
  toJson(message: JsonObject): JsonObject;
  /** A query string's values, which are all text, as JSON of this message; what cannot be read is left for the schema. */
  fromQuery(query: JsonObject): JsonObject;
}

/** The contract's messages in JSON, derived from its descriptors: no message needs code of its own. */
export interface ContractJson {
  /** @throws TypeError for a name the contract does not have */
  message(typeName: string): MessageJson;
  /** Request and response of `edda.njordr.v1.ProviderService/GetProvider`. */
  rpc(path: string): { request: MessageJson; response: MessageJson; localName: string };
  /** Schemas by the names they have in the API description. */
  readonly names: z.core.$ZodRegistry<{ id: string }>;
}

export function createContractJson(): ContractJson {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()));
  const names = z.registry<{ id: string }>();
  const known = new Map<string, MessageJson>();
  const taken = new Set<string>();
  const of = (desc: DescMessage): MessageJson => {
    const found = known.get(desc.typeName);
    if (found !== undefined) return found;
    const made = messageJson(desc, of);
    // Two packages may have a message of the same name (Price); the first one keeps the short name.
    const id = taken.has(desc.name) ? desc.typeName.replaceAll('.', '_') : desc.name;
    taken.add(id);
    names.add(made.schema, { id });
    known.set(desc.typeName, made);
    return made;
  };
  return {
    names,
    message(typeName) {
      const desc = registry.getMessage(typeName);
      if (desc === undefined) throw new TypeError(`the contract has no message ${typeName}`);
      return of(desc);
    },
    rpc(path) {
      const [service = '', name = ''] = path.split('/');
      const method = registry.getService(service)?.methods.find((candidate) => candidate.name === name);
      if (method === undefined) throw new TypeError(`the contract has no method ${path}`);
      return { request: of(method.input), response: of(method.output), localName: method.localName };
    },
  };
}

function messageJson(desc: DescMessage, of: (desc: DescMessage) => MessageJson): MessageJson {
  const fields = desc.fields.map((field) => fieldJson(field, of));
  const byName = new Map(fields.map((field) => [field.name, field]));
  return {
    typeName: desc.typeName,
    schema: z.strictObject(Object.fromEntries(fields.map((field) => [field.name, field.schema]))),
    fields: fields.map((field) => field.name),
    messageOf(name) {
      const child = byName.get(name)?.message;
      if (child === undefined) throw new TypeError(`${desc.typeName} has no message field ${name}`);
      return child;
    },
    toMessage: (json) => readMessage(fields, json),
    toJson: (message) => writeMessage(fields, message),
    fromQuery: (query) =>
      Object.fromEntries(
        Object.entries(query).map(([name, value]) => [name, byName.get(name)?.fromText(value) ?? value]),
      ),
  };
}

function readMessage(fields: readonly FieldJson[], json: JsonObject): JsonObject {
  const message: JsonObject = {};
  for (const field of fields) {
    const given = json[field.name];
    if (field.oneof === undefined) message[field.local] = given === undefined ? field.empty() : field.read(given);
    else if (given !== undefined) message[field.oneof] = { $case: field.local, value: field.read(given) };
    else message[field.oneof] ??= undefined;
  }
  return message;
}

function writeMessage(fields: readonly FieldJson[], message: JsonObject): JsonObject {
  const json: JsonObject = {};
  for (const field of fields) {
    let value = message[field.local];
    if (field.oneof !== undefined) {
      const chosen = message[field.oneof] as { $case: string; value: unknown } | undefined;
      value = chosen?.$case === field.local ? chosen.value : undefined;
    }
    if (value !== undefined) json[field.name] = field.write(value);
  }
  return json;
}
