import { z } from 'zod';
import { defineSettings } from './index.ts';

/** A small schema with groups, a list, a map and a rule between fields. */
export const exampleSchema = defineSettings({
  service: 'example',
  shape: z.object({
    grpc: z.object({
      host: z.string().default('127.0.0.1').meta({ description: 'Address to listen on.', reload: 'restart' }),
      port: z.int().min(0).max(65_535).default(50_000).meta({ description: 'Port.', reload: 'restart', example: 1 }),
    }),
    holds: z.object({
      ttlSeconds: z.int().min(1).default(900).meta({ description: 'Life of a hold.', reload: 'live', example: 60 }),
      deadlineSeconds: z.int().min(1).default(600).meta({ description: 'Longest deadline.', reload: 'live' }),
    }),
    models: z.array(z.string()).default(['a', 'b']).meta({ description: 'Models | names.', reload: 'live' }),
    levels: z
      .record(z.string(), z.enum(['info', 'debug']))
      .default({})
      .meta({ description: 'Levels.', reload: 'live' }),
    note: z.string().optional().meta({ description: 'Free text.', reload: 'live' }),
  }),
  crossCheck: ({ holds, grpc }) => [
    ...(holds.deadlineSeconds > holds.ttlSeconds
      ? [{ field: 'holds.deadlineSeconds', description: 'must not exceed holds.ttlSeconds' }]
      : []),
    ...(grpc.port === 0 && holds.ttlSeconds === 777
      ? [{ field: 'holds.ttlSeconds', description: '777 needs a fixed port' }]
      : []),
  ],
});
