import { common, type njordr } from '@edda/contracts';

/** What one attempt delivered; in memory only, until it is billed. */
export interface DeliveredOutput {
  content: string;
  reasoning: string;
  /** Everything that is billed, in the order it was delivered. */
  billed: string;
  toolCalls: common.ToolCall[];
}

export function emptyOutput(): DeliveredOutput {
  return { content: '', reasoning: '', billed: '', toolCalls: [] };
}

/** Adds a chunk that the requester has taken. */
export function addChunk(output: DeliveredOutput, chunk: njordr.OutputChunk): void {
  output.content += chunk.content;
  output.reasoning += chunk.reasoning;
  output.billed += chunk.reasoning + chunk.content;
  for (const { index, id, name, arguments: text } of chunk.toolCalls) {
    const call = (output.toolCalls[index] ??= common.ToolCall.fromPartial({}));
    if (id !== '') call.id = id;
    call.name += name;
    call.arguments += text;
    output.billed += name + text;
  }
}
