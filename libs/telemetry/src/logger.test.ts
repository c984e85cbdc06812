import { describe, expect, it } from 'vitest';
import { createLogger, createMemoryLogger, currentContext, runWithContext, silentLogger } from './index.ts';

describe('createLogger', () => {
  it('writes JSON lines with service, level name, ISO time and snake_case fields', () => {
    const lines: string[] = [];
    const logger = createLogger({ service: 'heidrun', destination: { write: (line) => lines.push(line) } });
    logger.info({ total_cents: 12n }, 'captured');
    expect(lines).toHaveLength(1);
    const record = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(record).toMatchObject({ service: 'heidrun', level: 'info', msg: 'captured', total_cents: 12 });
    expect(record.time).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect(record).not.toHaveProperty('pid');
  });

  it('is at level info unless told otherwise', () => {
    const { logger, records } = createMemoryLogger({});
    logger.debug('hidden');
    logger.info('shown');
    expect(records.map((r) => r.msg)).toEqual(['shown']);
    expect(logger.isLevelEnabled('debug')).toBe(false);
  });

  it('logs an error with type, message, stack and cause', () => {
    const { logger, records } = createMemoryLogger();
    logger.error(new TypeError('outer', { cause: new Error('inner') }));
    expect(records[0]).toMatchObject({
      msg: 'outer',
      err: { type: 'TypeError', message: 'outer', cause: { type: 'Error', message: 'inner' } },
    });
    expect((records[0]?.err as { stack: string }).stack).toContain('logger.test.ts');
  });

  it('writes readable lines when pretty', () => {
    const lines: string[] = [];
    const logger = createLogger({ service: 's', pretty: true, destination: { write: (line) => lines.push(line) } });
    logger.warn({ port: 80 }, 'listening');
    expect(lines.join('')).toMatch(/^\[[\d:.]+\] WARN: listening \{"port":80\}\n$/);
  });

  it('writes nothing when silent', () => {
    expect(silentLogger().isLevelEnabled('fatal')).toBe(false);
  });
});

describe('modules', () => {
  it('have levels of their own, inherited by sub-modules', () => {
    const { logger, records } = createMemoryLogger({ level: 'warn', modules: { grpc: 'debug' } });
    logger.info('root');
    logger.module('grpc').debug('grpc');
    logger.module('grpc').module('client').debug('grpc.client');
    logger.module('grpcish').debug('other');
    expect(records.map((r) => r.module)).toEqual(['grpc', 'grpc.client']);
  });

  it('follow setLevels at run time, loggers already handed out included', () => {
    const { logger, records } = createMemoryLogger({ level: 'info' });
    const child = logger.module('pricing').child({ model: 'm' });
    child.debug('before');
    logger.setLevels({ level: 'info', modules: { pricing: 'debug' } });
    child.debug('after');
    logger.setLevels({ level: 'silent' });
    child.fatal('never');
    expect(records).toHaveLength(1);
    expect(records[0]).toMatchObject({ msg: 'after', module: 'pricing', model: 'm' });
  });
});

describe('request context', () => {
  it('puts request_id on every line, across awaits and without mixing requests', async () => {
    const { logger, records } = createMemoryLogger();
    const handle = (requestId: string) =>
      runWithContext({ requestId }, async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        logger.info({ own: requestId }, 'step');
      });
    await Promise.all([handle('a'), handle('b')]);
    expect(records).toHaveLength(2);
    for (const record of records) expect(record.request_id).toBe(record.own);
  });

  it('adds to the outer context when nested, and ends with its function', () => {
    runWithContext({ requestId: 'r' }, () => {
      runWithContext({ transactionId: 't' }, () => {
        expect(currentContext()).toEqual({ requestId: 'r', transactionId: 't' });
      });
      expect(currentContext()).toEqual({ requestId: 'r' });
    });
    expect(currentContext()).toBeUndefined();
  });

  it('does not repeat what the logger is already bound to', () => {
    const { logger, text } = createMemoryLogger();
    runWithContext({ requestId: 'outer' }, () => logger.child({ request_id: 'bound' }).info('x'));
    expect(text().match(/request_id/g)).toHaveLength(1);
    expect(text()).toContain('"request_id":"bound"');
  });
});
