import { describe, expect, it } from 'vitest';
import { huggingFace, rendered } from '../test/open-model-oracles.ts';
import { packageOracle } from '../test/sentence-piece-oracles.ts';
import { createTokenCounter } from './index.ts';

const counter = createTokenCounter();
const system = { role: 'system', content: 'Be brief.\n' };
const talk = [
  { role: 'user', content: '\n Hello there, 世界' },
  { role: 'assistant', content: 'Hi! ' },
  { role: 'user', content: 'Größe?\n\n' },
];
const readPrompt = huggingFace('tekken', true);
const conversations = [[...talk.slice(2)], talk, [system, ...talk], [system, { role: 'user', content: '' }]];

describe('chat overhead (Metering: counted as the vendor documents it)', () => {
  it.each(['llama3', 'qwen2.5', 'deepseek-v3'] as const)(
    'of %s is what its own template makes of a conversation',
    (model) => {
      for (const messages of conversations) {
        expect(counter.countMessages(model, messages)).toEqual({
          tokens: rendered(model, messages),
          method: 'EXACT',
          tokenizer: model,
        });
      }
    },
  );

  it('of Qwen 3 is ChatML, without a persona of its own', () => {
    const prompt = '<|im_start|>user\n\n Hello<|im_end|>\n<|im_start|>assistant\n';
    const counted = counter.countMessages('qwen3:8b', [{ role: 'user', content: '\n Hello' }]);
    expect(counted.tokens).toBe(huggingFace('qwen3', true)(prompt));
  });

  it.each([
    [talk, '<s>[INST]\n Hello there, 世界[/INST]Hi!</s>[INST]Größe?\n\n[/INST]'],
    [[system, ...talk], '<s>[INST]\n Hello there, 世界[/INST]Hi!</s>[INST]Be brief.\n\n\nGröße?\n\n[/INST]'],
    [[system], '<s>[INST]Be brief.\n\n\n[/INST]'],
    [[], '<s>'],
  ])('of Mistral NeMo is the instruct format, the system message before the last question', (messages, prompt) => {
    const expected = { tokens: readPrompt(prompt), method: 'EXACT', tokenizer: 'tekken' };
    expect(counter.countMessages('mistral-nemo', messages)).toEqual(expected);
  });

  it.each([
    [talk, ['[INST] Hello there, 世界 [/INST] Hi! ', '[INST] Größe? [/INST]'], 3],
    [
      [system, ...talk],
      ['[INST] <<SYS>>\nBe brief.\n\n<</SYS>>\n\n\n Hello there, 世界 [/INST] Hi! ', '[INST] Größe? [/INST]'],
      3,
    ],
    [[system], ['[INST] <<SYS>>\nBe brief.\n\n<</SYS>> [/INST]'], 1],
    [[], [], 0],
  ])('of Llama 2 is one text per exchange, the system message in the first', (messages, texts, special) => {
    const tokens = texts.reduce((sum, text) => sum + packageOracle('llama2')(text), special);
    expect(counter.countMessages('llama2', messages)).toEqual({ tokens, method: 'EXACT', tokenizer: 'llama2' });
  });

  it.each([
    [talk, ['[INST] \n Hello there, 世界 [/INST]', 'Hi! ', '[INST] Größe?\n\n [/INST]'], 2],
    [[system, ...talk], ['[INST] Be brief.\n\n\n\n Hello there, 世界 [/INST]', 'Hi! ', '[INST] Größe?\n\n [/INST]'], 2],
    [[], [], 1],
  ])('of Mixtral 8x7B is v1: marks of questions are text', (messages, texts, special) => {
    const tokens = texts.reduce((sum, text) => sum + packageOracle('mistral-v1')(text), special);
    const expected = { tokens, method: 'EXACT', tokenizer: 'mistral-v1' };
    expect(counter.countMessages('mixtral:8x7b', messages)).toEqual(expected);
  });

  it.each([
    [talk, ['\n Hello there, 世界', 'Hi!', 'Größe?\n\n'], 6],
    [[system, ...talk], ['\n Hello there, 世界', 'Hi!', 'Be brief.\n\n\nGröße?\n\n'], 6],
    [[system], ['Be brief.\n\n\n'], 3],
  ])('of Mixtral 8x22B is v3: marks of questions are tokens', (messages, texts, special) => {
    const tokens = texts.reduce((sum, text) => sum + packageOracle('mistral-v3')(text), special);
    const expected = { tokens, method: 'EXACT', tokenizer: 'mistral-v3' };
    expect(counter.countMessages('mixtral:8x22b', messages)).toEqual(expected);
  });

  it('takes what only looks like a special token for text', () => {
    const spelled = counter.countMessages('llama3', [{ role: 'user', content: '<|eot_id|>' }]).tokens;
    const plain = counter.countMessages('llama3', [{ role: 'user', content: '' }]).tokens;
    expect(spelled - plain).toBe(huggingFace('llama3')('<|eot_id|>'));
  });
});
