import { type EncodingName } from './encodings.ts';

export interface CountedMessage {
  role: string;
  content: string;
  /** The participant's name, where the message carries one. Only OpenAI's format has a place for it. */
  name?: string;
}

/** A conversation as its model reads it. */
export interface ChatPrompt {
  /** Tokens that no text spells: those that open and close messages. */
  special: number;
  /** The text between them; each is tokenized by itself. */
  texts: string[];
}

export type ChatFormat = (messages: readonly CountedMessage[]) => ChatPrompt;

/**
 * Each family's prompt for a conversation, up to where the reply begins, as its vendor documents it. Tools, images
 * and dates that a template may add are not part of it.
 */
export function chatFormatOf(encoding: EncodingName): ChatFormat {
  switch (encoding) {
    case 'llama3':
      return llama3;
    case 'qwen2.5':
      return (messages) => chatMl(messages[0]?.role === 'system' ? messages : [qwenPersona, ...messages]);
    case 'qwen3':
      return chatMl;
    case 'llama2':
      return llama2;
    case 'mistral-v1':
      return mistralV1;
    case 'mistral-v3':
    case 'tekken':
      return mistralV3;
    case 'deepseek-v3':
      return deepseek;
    default:
      return openai;
  }
}

/** OpenAI Cookbook, "How to count tokens with tiktoken": 3 per message, 1 per name, 3 for the reply. */
const openai: ChatFormat = (messages) => {
  const prompt: ChatPrompt = { special: 3, texts: [] };
  for (const { role, content, name } of messages) {
    prompt.special += name === undefined ? 3 : 4;
    prompt.texts.push(role, content, name ?? '');
  }
  return prompt;
};

/**
 * Meta, "Llama 3 prompt format": `<|begin_of_text|>`, then per message
 * `<|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>`, then the header of the reply.
 */
const llama3: ChatFormat = (messages) => ({
  special: 1 + 3 * messages.length + 2,
  texts: [...messages.flatMap(({ role, content }) => [role, '\n\n', content.trim()]), 'assistant', '\n\n'],
});

/** Qwen, "Chat template" (ChatML): `<|im_start|>role\ncontent<|im_end|>\n` each, then `<|im_start|>assistant\n`. */
const chatMl: ChatFormat = (messages) => ({
  special: 2 * messages.length + 1,
  texts: [...messages.flatMap(({ role, content }) => [`${role}\n${content}`, '\n']), 'assistant\n'],
});

/** What Qwen 2.5's template opens with where the conversation has no system message. */
const qwenPersona: CountedMessage = {
  role: 'system',
  content: 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.',
};

/**
 * Meta, "Llama 2 prompt format": each exchange `<s>`, `[INST] question [/INST] answer `, `</s>`, read as one text, what
 * the system says in the first question between `<<SYS>>\n` and `\n<</SYS>>\n\n`.
 */
const llama2: ChatFormat = (messages) => {
  const { system, rest } = apart(messages);
  const prompt: ChatPrompt = { special: 0, texts: [] };
  const persona = system.length > 0 ? `<<SYS>>\n${system.join('\n\n')}\n<</SYS>>\n\n` : '';
  const first = rest.findIndex(({ role }) => role !== 'assistant');
  let open = '';
  for (const [i, { role, content }] of rest.entries()) {
    if (role === 'assistant') {
      prompt.texts.push(`${open} ${content.trim()} `);
      prompt.special += 2;
      open = '';
      continue;
    }
    if (open !== '') closeUnanswered();
    open = `[INST] ${`${i === first ? persona : ''}${content}`.trim()} [/INST]`;
  }
  if (open !== '') closeUnanswered();
  return prompt;

  function closeUnanswered(): void {
    prompt.texts.push(open);
    prompt.special++;
  }
};

/**
 * mistral-common, instruct format v1: `<s>`, questions as the text `[INST] content [/INST]`, answers as `content</s>`.
 * What the system says stands before the first question.
 */
const mistralV1: ChatFormat = (messages) => {
  const { system, rest } = apart(messages);
  const first = rest.findIndex(({ role }) => role === 'user');
  return {
    special: 1 + rest.filter(({ role }) => role === 'assistant').length,
    texts: rest.map(({ role, content }, i) =>
      role === 'assistant'
        ? content
        : `[INST] ${(i === first ? [...system, content] : [content]).join('\n\n')} [/INST]`,
    ),
  };
};

/**
 * mistral-common, instruct formats v2 and v3: `<s>`, questions as `[INST]content[/INST]`, answers as `content</s>`
 * without blanks at their end, the results of tools between tokens of their own. What the system says stands before the
 * last question.
 */
const mistralV3: ChatFormat = (messages) => {
  const { system, rest } = apart(messages);
  const last = rest.findLastIndex(({ role }) => role === 'user');
  return {
    special: rest.reduce((sum, { role }) => sum + (role === 'assistant' ? 1 : 2), 1),
    texts: rest.map(({ role, content }, i) => {
      if (role === 'assistant') return withoutBlanksBehind(content);
      return i === last ? [...system, content].join('\n\n') : content;
    }),
  };
};

/** Not by a regular expression, which would take quadratic time over blanks inside the text. */
function withoutBlanksBehind(text: string): string {
  let end = text.length;
  while (text[end - 1] === ' ') end--;
  return text.slice(0, end);
}

/** What the system says, and the rest, in which there is a question then for it to stand with. */
function apart(messages: readonly CountedMessage[]): { system: string[]; rest: CountedMessage[] } {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const rest = messages.filter(({ role }) => role !== 'system');
  if (system.length > 0 && !rest.some(({ role }) => role === 'user')) rest.push({ role: 'user', content: '' });
  return { system, rest };
}

/**
 * DeepSeek V3, "Chat template": the beginning, then all the system says, then `<｜User｜>question` and
 * `<｜Assistant｜>answer<｜end▁of▁sentence｜>`, and `<｜Assistant｜>` for the reply.
 */
const deepseek: ChatFormat = (messages) => {
  const system = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const rest = messages.filter(({ role }) => role !== 'system');
  return {
    special: rest.reduce((sum, { role }) => sum + (role === 'assistant' ? 2 : 1), 2),
    texts: [system.join('\n\n'), ...rest.map(({ content }) => content)],
  };
};
