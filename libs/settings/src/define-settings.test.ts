import { describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { exampleSchema } from './example-schema.test-support.ts';
import { defineSettings, type SettingsOf, settingsMarkdownTable } from './index.ts';

describe('defineSettings', () => {
  it('refuses a field without description, naming it', () => {
    const shape = z.object({ a: z.object({ b: z.int().default(1).meta({ reload: 'live' }) }) });
    expect(() => defineSettings({ service: 's', shape })).toThrow('a.b needs .meta({ description })');
  });

  it('refuses a field that does not say when a change takes effect', () => {
    const shape = z.object({ a: z.int().default(1).meta({ description: 'x', reload: 'sometimes' }) });
    expect(() => defineSettings({ service: 's', shape })).toThrow('a needs .meta({ reload');
  });

  it('accepts meta before or after the default', () => {
    const shape = z.object({ a: z.int().meta({ description: 'x', reload: 'live' }).default(1) });
    expect(defineSettings({ service: 's', shape }).fields[0]).toMatchObject({ path: 'a', default: 1, reload: 'live' });
  });

  it('lists every leaf with path, description, default, reload and example', () => {
    expect(exampleSchema.fields.map((field) => field.path)).toEqual([
      'grpc.host',
      'grpc.port',
      'holds.ttlSeconds',
      'holds.deadlineSeconds',
      'models',
      'levels',
      'note',
    ]);
    expect(exampleSchema.fields[2]).toEqual({
      path: 'holds.ttlSeconds',
      description: 'Life of a hold.',
      default: 900,
      reload: 'live',
      example: 60,
    });
  });

  it('gives JSON Schema for editors, bounds and descriptions included', () => {
    expect(exampleSchema.jsonSchema).toMatchObject({
      properties: { grpc: { properties: { port: { minimum: 0, maximum: 65_535, description: 'Port.' } } } },
    });
  });

  it('knows the type of the values', () => {
    expectTypeOf<SettingsOf<typeof exampleSchema>['holds']['ttlSeconds']>().toEqualTypeOf<number>();
  });
});

describe('settingsMarkdownTable', () => {
  it('has a row per setting, with pipes escaped', () => {
    const lines = settingsMarkdownTable(exampleSchema).trimEnd().split('\n');
    expect(lines).toHaveLength(2 + exampleSchema.fields.length);
    expect(lines[0]).toBe('| Setting | Default | Example | Takes effect | Description |');
    expect(lines[4]).toBe('| `holds.ttlSeconds` | `900` | `60` | live | Life of a hold. |');
    expect(lines[6]).toContain('Models \\| names.');
  });
});
