import { type ToolCallPiece, type UpstreamPiece } from '../upstream.ts';

/** Puts together characters that a server splits between two pieces. */
export interface WholeCharacters {
  /** @returns the piece without half a character at the end of a text; undefined when nothing else is left of it */
  push(piece: UpstreamPiece): UpstreamPiece | undefined;
  /** What was held back and never completed, as the replacement character; undefined mostly. */
  rest(): UpstreamPiece | undefined;
}

/**
 * JSON can carry one half of a surrogate pair, and some servers cut between the two; protobuf cannot, and would make
 * two replacement characters of it. So the first half waits for the second, in each text by itself.
 */
export function createWholeCharacters(): WholeCharacters {
  const held = new Map<string, string>();
  const whole = (name: string, text: string): string => {
    const all = (held.get(name) ?? '') + text;
    const last = all.charCodeAt(all.length - 1);
    const cut = last >= 0xd800 && last <= 0xdbff;
    if (cut) held.set(name, all.slice(-1));
    else held.delete(name);
    return (cut ? all.slice(0, -1) : all).toWellFormed();
  };
  const texts = (piece: UpstreamPiece): UpstreamPiece | undefined => {
    const content = piece.content === undefined ? '' : whole('content', piece.content);
    const reasoning = piece.reasoning === undefined ? '' : whole('reasoning', piece.reasoning);
    const toolCalls = (piece.toolCalls ?? []).map((call) => wholeCall(call));
    if (content === '' && reasoning === '' && toolCalls.length === 0) return undefined;
    return {
      ...(content !== '' && { content }),
      ...(reasoning !== '' && { reasoning }),
      ...(toolCalls.length > 0 && { toolCalls }),
    };
  };
  const wholeCall = (call: ToolCallPiece): ToolCallPiece => ({
    ...call,
    name: whole(`name ${call.index}`, call.name),
    arguments: whole(`arguments ${call.index}`, call.arguments),
  });
  return {
    push: texts,
    rest() {
      const content = held.get('content')?.toWellFormed();
      const reasoning = held.get('reasoning')?.toWellFormed();
      held.clear();
      if (content === undefined && reasoning === undefined) return undefined;
      return { ...(content !== undefined && { content }), ...(reasoning !== undefined && { reasoning }) };
    },
  };
}
