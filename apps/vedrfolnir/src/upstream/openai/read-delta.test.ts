import { describe, expect, it } from 'vitest';
import { readDelta } from './read-delta.ts';

describe('readDelta', () => {
  it('reads content, reasoning under both names, and the finish reason', () => {
    expect(readDelta('{"choices":[{"delta":{"content":"Hi"},"finish_reason":null}]}')).toEqual({
      piece: { content: 'Hi' },
    });
    expect(readDelta('{"choices":[{"delta":{"reasoning_content":"hm"}}]}')).toEqual({ piece: { reasoning: 'hm' } });
    expect(readDelta('{"choices":[{"delta":{"reasoning":"hm"}}]}')).toEqual({ piece: { reasoning: 'hm' } });
    expect(readDelta('{"choices":[{"delta":{},"finish_reason":"length"}]}')).toEqual({ finish: 'length' });
  });

  it('takes an unknown finish reason for a normal end', () => {
    expect(readDelta('{"choices":[{"delta":{},"finish_reason":"eos_token"}]}')).toEqual({ finish: 'stop' });
  });

  it('reads usage from the chunk without choices, and ignores counts that are none', () => {
    expect(readDelta('{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}')).toEqual({
      usage: { input: 3, output: 2 },
    });
    expect(readDelta('{"choices":[],"usage":{"prompt_tokens":-3,"completion_tokens":2}}')).toEqual({});
    expect(readDelta('{"choices":[],"usage":null}')).toEqual({});
  });

  it('reads tool calls, also without an index', () => {
    const data = '{"choices":[{"delta":{"tool_calls":[{"id":"c","function":{"name":"f","arguments":"{}"}}]}}]}';
    expect(readDelta(data)).toEqual({ piece: { toolCalls: [{ index: 0, id: 'c', name: 'f', arguments: '{}' }] } });
  });

  it.each([
    ['{"error":{"message":"CUDA out of memory","code":500}}', 'TRANSIENT'],
    ['{"error":{"message":"too long","code":400}}', 'BAD_REQUEST'],
    ['{"error":"model runner has stopped"}', 'TRANSIENT'],
    ['{"error":{"message":"busy","code":503}}', 'NO_CAPACITY'],
    ['{"choices":[{"delta":{"content":"Hi', 'FAULT'],
    ['[1]', 'FAULT'],
  ])('%s is %s', (data, kind) => {
    expect(() => readDelta(data)).toThrow(expect.objectContaining({ kind }));
  });
});
