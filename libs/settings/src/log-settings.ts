import { z } from 'zod';

const levels = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']);

/** The group `log` of every program, for its schema: levels, and a file that rotates instead of standard output. */
export function logSettings() {
  return z
    .object({
      level: levels
        .default('info')
        .meta({ description: 'Least severe level that is logged.', reload: 'live', example: 'debug' }),
      modules: z
        .record(z.string(), levels)
        .default({})
        .meta({ description: 'Levels of single modules, by name.', reload: 'live', example: { grpc: 'warn' } }),
      file: fileGroup(),
    })
    .prefault({});
}

function fileGroup() {
  return z
    .object({
      path: z.string().min(1).optional().meta({
        description: 'File the log goes to, instead of standard output.',
        reload: 'restart',
        example: '/var/log/edda/service.log',
      }),
      maxBytes: z.int().min(4_096).max(10_000_000_000).default(67_108_864).meta({
        description: 'Size from which on the log file is put aside as `<path>.1` and begun anew, bytes.',
        reload: 'restart',
        example: 10_485_760,
      }),
      keep: z
        .int()
        .min(1)
        .max(100)
        .default(5)
        .meta({ description: 'Log files put aside that are kept.', reload: 'restart', example: 10 }),
    })
    .prefault({});
}
