import { parseWith } from '@edda/grpc-kit';
import Fastify, { type FastifyInstance } from 'fastify';
import { type z } from 'zod';
import { type EdgeSettings } from '../edge-settings.ts';
import { answerEarly, answerUnreadable } from './answer-errors.ts';

/** Beyond the longest deadline, so that our own answer comes first. */
const idleMarginMs = 10_000;
/** Longer than load balancers keep idle connections (60 s), so that they, not we, close them. */
const keepAliveMs = 72_000;

/** The HTTP server with its limits, reading JSON and checking it with zod. */
export function createApp(settings: EdgeSettings): FastifyInstance {
  const app = Fastify({
    bodyLimit: settings.bodyLimitBytes,
    connectionTimeout: Math.max(settings.executionDeadlineMs, settings.deadlineMs) + idleMarginMs,
    requestTimeout: settings.receiveTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    http: {
      maxHeaderSize: settings.maxHeaderBytes,
      headersTimeout: settings.receiveTimeoutMs,
      // Node looks for late clients at this interval only; its default would double the time they get.
      connectionsCheckingInterval: Math.ceil(settings.receiveTimeoutMs / 4),
    },
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    forceCloseConnections: true,
    // While draining, our own check answers, with a fault.
    return503OnClosing: false,
    frameworkErrors: answerEarly,
    clientErrorHandler: answerUnreadable,
    logger: false,
  });
  app.server.maxConnections = settings.maxConnections;
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    // Clients that always send the header also send it with nothing; a missing field is then named by the schema.
    if (body === '') done(null, {});
    else void parseJson(request, body, done);
  });
  app.setValidatorCompiler<z.ZodType>(({ schema }) => (data) => {
    try {
      return { value: parseWith(schema, data) };
    } catch (error) {
      return { error: error as Error };
    }
  });
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  return app;
}
