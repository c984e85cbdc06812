import { type ChatMessage, type ResponseFormat, type ToolDefinition, type UpstreamJob } from '../upstream.ts';
import { UpstreamError } from '../upstream-error.ts';

/**
 * How the server is told to go on behind a given beginning. A trailing assistant message is enough for
 * Ollama, llama.cpp and LM Studio; vLLM needs to be told not to open a new turn.
 */
export type Continuation = 'assistant-prefill' | 'vllm' | 'none';

/** The body of `/v1/chat/completions` for a job. */
export function chatBody(job: UpstreamJob, continuation: Continuation): Record<string, unknown> {
  const continues = job.continueFrom !== '';
  return {
    model: job.model,
    messages: [
      ...job.messages.map(messageOf),
      ...(continues ? [{ role: 'assistant', content: job.continueFrom }] : []),
    ],
    stream: true,
    stream_options: { include_usage: true },
    // Everyone understands max_tokens; OpenAI's newer name is unknown to older servers.
    max_tokens: job.maxOutputTokens,
    ...(job.temperature !== undefined && { temperature: job.temperature }),
    ...(job.topP !== undefined && { top_p: job.topP }),
    ...(job.seed !== undefined && { seed: job.seed }),
    ...(job.frequencyPenalty !== undefined && { frequency_penalty: job.frequencyPenalty }),
    ...(job.presencePenalty !== undefined && { presence_penalty: job.presencePenalty }),
    ...(job.responseFormat && { response_format: formatOf(job.responseFormat) }),
    ...(job.tools && {
      tools: job.tools.map(toolOf),
      ...(job.toolChoice && { tool_choice: choiceOf(job.toolChoice) }),
    }),
    ...(job.stop.length > 0 && { stop: job.stop }),
    ...(continues && continuation === 'vllm' && { continue_final_message: true, add_generation_prompt: false }),
  };
}

function messageOf(message: ChatMessage): Record<string, unknown> {
  return {
    role: message.role,
    content: message.content,
    ...(message.name && { name: message.name }),
    ...(message.toolCallId && { tool_call_id: message.toolCallId }),
    ...(message.toolCalls && {
      tool_calls: message.toolCalls.map(({ id, name, arguments: text }) => ({
        id,
        type: 'function',
        function: { name, arguments: text },
      })),
    }),
  };
}

function formatOf(format: ResponseFormat): Record<string, unknown> {
  if (format.kind === 'json_object') return { type: 'json_object' };
  const schema = parseJson(format.schemaJson, 'the response schema');
  return { type: 'json_schema', json_schema: { name: format.name || 'answer', schema, strict: format.strict } };
}

function toolOf(tool: ToolDefinition): Record<string, unknown> {
  const parameters = tool.parametersJson && parseJson(tool.parametersJson, `the parameters of ${tool.name}`);
  const definition = { name: tool.name, description: tool.description, ...(tool.strict && { strict: true }) };
  return { type: 'function', function: { ...definition, ...(parameters !== '' && { parameters }) } };
}

function choiceOf(choice: string): unknown {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  return { type: 'function', function: { name: choice } };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UpstreamError('BAD_REQUEST', `${what} is not JSON`, cause);
  }
}
