import { type common, type njordr } from '@edda/contracts';
import { invalidInput } from '@edda/faults';
import { parseWith } from '@edda/grpc-kit';
import { njordrFaults } from '../faults.ts';
import { computeSchema } from './compute-schema.ts';

/** Parameters that are within all bounds, with the conversation in one form. */
export interface CheckedParameters {
  parameters: njordr.ComputeParameters;
  messages: common.ChatMessage[];
  /** Time for the whole request, ms. */
  timeoutMs: number;
}

export interface ParameterLimits {
  maxPromptBytes: number;
  defaultTimeoutMs: number;
  maxTimeoutMs: number;
}

/** @throws INVALID_INPUT naming every bad field, MULTIPLE_ANSWERS_UNSUPPORTED, PROMPT_TOO_LARGE */
export function validateParameters(
  request: { parameters?: njordr.ComputeParameters | undefined },
  limits: ParameterLimits,
): CheckedParameters {
  const { parameters } = request;
  parseWith(computeSchema, request);
  if (parameters === undefined) throw invalidInput([{ field: 'parameters', description: 'is required' }]);
  if (parameters.n > 1) {
    throw njordrFaults.MULTIPLE_ANSWERS_UNSUPPORTED('Only one answer per request is possible; n must be 0 or 1.', {
      violations: [{ field: 'parameters.n', description: 'must be 0 or 1' }],
    });
  }
  const bytes = promptBytes(parameters);
  if (bytes > limits.maxPromptBytes) {
    throw njordrFaults.PROMPT_TOO_LARGE(
      `The prompt has ${bytes} bytes; at most ${limits.maxPromptBytes} are accepted.`,
      {
        metadata: { max_prompt_bytes: String(limits.maxPromptBytes) },
      },
    );
  }
  const asked = Number(parameters.timeoutMs);
  if (asked > limits.maxTimeoutMs) {
    throw invalidInput([{ field: 'parameters.timeout_ms', description: `must be at most ${limits.maxTimeoutMs}` }]);
  }
  const messages =
    parameters.messages.length > 0
      ? parameters.messages
      : [{ role: 'user', content: parameters.prompt, name: undefined, toolCallId: undefined, toolCalls: [] }];
  return { parameters, messages, timeoutMs: asked === 0 ? limits.defaultTimeoutMs : asked };
}

function promptBytes({ messages, prompt }: njordr.ComputeParameters): number {
  return messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), Buffer.byteLength(prompt));
}
