import { type CountedMessage } from '@edda/tokens';
import { type CountRequest } from './count-endpoint.ts';

/** Claude's names, alone or behind their vendor's as routers write them. */
const claude = /^(?:anthropic\/)?(claude-.+)$/;

/** The name Anthropic knows the model by; undefined where it is none of theirs. */
export function anthropicName(model: string): string | undefined {
  return claude.exec(model)?.[1];
}

/**
 * A conversation in Anthropic's form: what the system says stands apart, and every role but the assistant's asks.
 * Messages without text are left out, since the API refuses them.
 * @returns undefined where nothing is left that could be counted
 */
export function toCountRequest(model: string, messages: readonly CountedMessage[]): CountRequest | undefined {
  const texts = messages
    .map(({ role, content }) => ({ role, content: content.toWellFormed() }))
    .filter(({ content }) => content.trim() !== '');
  const system = texts.filter(({ role }) => role === 'system').map(({ content }) => content);
  const turns = texts
    .filter(({ role }) => role !== 'system')
    .map(({ role, content }) => ({ role: role === 'assistant' ? ('assistant' as const) : ('user' as const), content }));
  if (turns.length === 0) return undefined;
  return { model, ...(system.length > 0 && { system: system.join('\n\n') }), messages: turns };
}
