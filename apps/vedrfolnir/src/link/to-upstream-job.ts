import { njordr } from '@edda/contracts';
import { type ChatMessage, type ResponseFormat, type UpstreamJob } from '../upstream/upstream.ts';

/** @param model what the upstream calls the model the job names */
export function toUpstreamJob(job: njordr.Job, model: string): UpstreamJob {
  const responseFormat = formatOf(job.responseFormat);
  return {
    model,
    messages: job.messages.map(messageOf),
    maxOutputTokens: Number(job.maxOutputTokens),
    stop: job.stop,
    continueFrom: job.continueFrom ?? '',
    ...(job.temperature !== undefined && { temperature: job.temperature }),
    ...(job.topP !== undefined && { topP: job.topP }),
    // JSON carries whole numbers exactly up to 2^53; equal seeds stay equal.
    ...(job.seed !== undefined && { seed: Number(BigInt.asIntN(53, job.seed)) }),
    ...(job.frequencyPenalty !== undefined && { frequencyPenalty: job.frequencyPenalty }),
    ...(job.presencePenalty !== undefined && { presencePenalty: job.presencePenalty }),
    ...(responseFormat && { responseFormat }),
    ...(job.tools.length > 0 && { tools: job.tools }),
    ...(job.toolChoice !== '' && { toolChoice: job.toolChoice }),
  };
}

/** A probe is a job of one message. */
export function probeToUpstreamJob(probe: njordr.Probe, model: string): UpstreamJob {
  return {
    model,
    messages: [{ role: 'user', content: probe.prompt }],
    maxOutputTokens: Number(probe.maxOutputTokens),
    // Known answers are compared: the likeliest words, the same every time.
    temperature: 0,
    seed: 0,
    stop: [],
    continueFrom: probe.continueFrom,
  };
}

function messageOf(message: njordr.Job['messages'][number]): ChatMessage {
  return {
    role: message.role,
    content: message.content,
    ...(message.name !== undefined && { name: message.name }),
    ...(message.toolCallId !== undefined && { toolCallId: message.toolCallId }),
    ...(message.toolCalls.length > 0 && { toolCalls: message.toolCalls }),
  };
}

function formatOf(format: njordr.ResponseFormat | undefined): ResponseFormat | undefined {
  if (format?.kind === njordr.ResponseFormatKind.JSON_OBJECT) return { kind: 'json_object' };
  if (format?.kind !== njordr.ResponseFormatKind.JSON_SCHEMA) return undefined;
  return { kind: 'json_schema', name: format.schemaName, schemaJson: format.jsonSchema, strict: format.strict };
}
