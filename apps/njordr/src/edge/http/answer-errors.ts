import { STATUS_CODES } from 'node:http';
import { type Socket } from 'node:net';
import { commonFaults, type Fault } from '@edda/faults';
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { edgeFaults } from '../edge-faults.ts';
import { errorHeaders, openAiErrorOf, problemOf, statusOf } from './error-answer.ts';
import { type HttpCalls } from './http-calls.ts';
import { toFault } from './to-fault.ts';

/** Gives every error its one form: OpenAI's under /v1/, a problem document elsewhere. */
export function answerErrors(app: FastifyInstance, calls: HttpCalls): void {
  app.setErrorHandler((error, request, reply) => answer(calls.faultOf(toFault(error), request), request, reply));
  app.setNotFoundHandler((request, reply) =>
    answer(edgeFaults.ROUTE_UNKNOWN(`There is no ${request.method} ${pathOf(request)}.`), request, reply),
  );
}

/** The same for what fails before a route is found, such as a path that cannot be decoded. */
export function answerEarly(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const fault = toFault(error);
  void answer(fault instanceof Error && 'kind' in fault ? (fault as Fault) : badRequest(), request, reply);
}

function answer(fault: Fault, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const requestId = reply.getHeader('x-request-id');
  void reply.code(statusOf(fault)).headers(errorHeaders(fault));
  if (request.url.startsWith('/v1/')) return reply.type('application/json').send(openAiErrorOf(fault));
  const problem = problemOf(fault, typeof requestId === 'string' ? requestId : undefined);
  return reply.type('application/problem+json').send(JSON.stringify(problem));
}

/** Without the query, and shortened: the path is the caller's and ends up in the answer. */
function pathOf({ url }: FastifyRequest): string {
  const path = url.split('?', 1)[0] ?? '';
  return path.length <= 200 ? path : `${path.slice(0, 199)}…`;
}

const badRequest = (): Fault => commonFaults.INVALID_INPUT('This is not a request that can be read.');

/** Answers what is not HTTP, or HTTP beyond the limits, and closes the connection. */
export function answerUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const body = JSON.stringify({ ...problemOf(badRequest()), status, detail: STATUS_CODES[status] });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
