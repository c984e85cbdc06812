import { type FinishReason, type ToolCallPiece, type UpstreamPiece } from '../upstream.ts';
import { UpstreamError } from '../upstream-error.ts';
import { errorOfObject, isRecord } from './http-error.ts';

/** One chunk of a chat completion, reduced to what the market needs. */
export interface Delta {
  piece?: UpstreamPiece;
  finish?: FinishReason;
  usage?: { input: number; output: number };
}

// The market's bound for one chunk.
const MOST_CALLS = 64;

/** Reads one `chat.completion.chunk` (or a whole `chat.completion`). @throws UpstreamError when it is neither */
export function readDelta(data: string): Delta {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch (cause) {
    throw new UpstreamError('FAULT', 'the upstream sent something that is not JSON', cause);
  }
  if (!isRecord(parsed)) throw new UpstreamError('FAULT', 'the upstream sent JSON that is no object');
  if (parsed.error !== undefined && parsed.error !== null) throw errorOfObject(parsed.error);
  const choice: unknown = Array.isArray(parsed.choices) ? parsed.choices[0] : undefined;
  const piece = isRecord(choice) ? pieceOf(choice) : undefined;
  const finish = isRecord(choice) ? finishOf(choice.finish_reason) : undefined;
  const usage = usageOf(parsed.usage);
  return { ...(piece && { piece }), ...(finish && { finish }), ...(usage && { usage }) };
}

function pieceOf(choice: Record<string, unknown>): UpstreamPiece | undefined {
  const source = isRecord(choice.delta) ? choice.delta : choice.message;
  if (!isRecord(source)) return undefined;
  const content = textOf(source.content);
  // vLLM before 0.10 and llama.cpp say reasoning_content, Ollama and newer vLLM reasoning.
  const reasoning = textOf(source.reasoning_content) ?? textOf(source.reasoning);
  const toolCalls = Array.isArray(source.tool_calls) ? source.tool_calls.slice(0, MOST_CALLS).flatMap(toolCallOf) : [];
  if (content === undefined && reasoning === undefined && toolCalls.length === 0) return undefined;
  return {
    ...(content !== undefined && { content }),
    ...(reasoning !== undefined && { reasoning }),
    ...(toolCalls.length > 0 && { toolCalls }),
  };
}

function toolCallOf(value: unknown, at: number): ToolCallPiece[] {
  if (!isRecord(value)) return [];
  const called = isRecord(value.function) ? value.function : {};
  // Ollama leaves the index out when it sends whole calls at once.
  const index = isCount(value.index) ? value.index : at;
  const id = textOf(value.id) ?? '';
  return [{ index, id, name: textOf(called.name) ?? '', arguments: textOf(called.arguments) ?? '' }];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function finishOf(value: unknown): FinishReason | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (value === 'length' || value === 'content_filter' || value === 'tool_calls') return value;
  return 'stop';
}

function usageOf(value: unknown): Delta['usage'] {
  if (!isRecord(value)) return undefined;
  const { prompt_tokens: input, completion_tokens: output } = value;
  if (!isCount(input) || !isCount(output)) return undefined;
  return { input, output };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
