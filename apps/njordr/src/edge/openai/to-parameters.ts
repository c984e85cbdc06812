import { type JsonObject } from '../json/contract-json.ts';
import { type ChatBody, type CompletionBody, type EddaFields } from './chat-schema.ts';

/** A chat completion's body as the JSON of ComputeParameters. */
export function chatParameters(body: ChatBody, edda: EddaFields): JsonObject {
  return defined({
    ...shared(body, edda),
    messages: body.messages.map(messageOf),
    max_output_tokens: body.max_completion_tokens ?? body.max_tokens,
    response_format: body.response_format == null ? undefined : formatOf(body.response_format),
    tools: (body.tools ?? []).map(({ function: { name, description, parameters, strict } }) => ({
      name,
      description: description ?? '',
      parameters_json: parameters == null ? '' : JSON.stringify(parameters),
      strict: strict ?? false,
    })),
    tool_choice: typeof body.tool_choice === 'object' ? body.tool_choice?.function.name : body.tool_choice,
  });
}

/** A plain completion's body as the JSON of ComputeParameters: the prompt is a single user message. */
export function completionParameters(body: CompletionBody, edda: EddaFields): JsonObject {
  return defined({
    ...shared(body, edda),
    prompt: typeof body.prompt === 'string' ? body.prompt : body.prompt[0],
    max_output_tokens: body.max_tokens,
  });
}

function shared(body: ChatBody | CompletionBody, edda: EddaFields): JsonObject {
  return {
    model: body.model,
    temperature: body.temperature,
    top_p: body.top_p,
    stop: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
    seed: body.seed,
    n: body.n,
    frequency_penalty: body.frequency_penalty,
    presence_penalty: body.presence_penalty,
    ...edda,
  };
}

function messageOf({ role, content, name, tool_call_id, tool_calls }: ChatBody['messages'][number]): JsonObject {
  return defined({
    role,
    content: typeof content === 'string' ? content : (content ?? []).map((part) => part.text).join(''),
    name,
    tool_call_id,
    tool_calls: (tool_calls ?? []).map((call) => ({ id: call.id, ...call.function })),
  });
}

function formatOf(format: NonNullable<ChatBody['response_format']>): JsonObject {
  switch (format.type) {
    case 'text':
      return { kind: 'TEXT' };
    case 'json_object':
      return { kind: 'JSON_OBJECT' };
    case 'json_schema': {
      const { name, schema, strict } = format.json_schema;
      return {
        kind: 'JSON_SCHEMA',
        json_schema: JSON.stringify(schema ?? {}),
        schema_name: name,
        strict: strict ?? false,
      };
    }
  }
}

/** Without what was left out, or sent as null, which means the same to OpenAI. */
function defined(json: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== undefined && value !== null));
}
