import { commonFaults, invalidInput } from '@edda/faults';
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type MethodDefinition,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { type CallContext } from './call-context.ts';
import { type CallRunner, type MethodInfo, type Outcome } from './call-runner.ts';
import { kindOf, type RpcDefinition } from './definition.ts';
import { type UntypedHandler } from './implement.ts';
import { pump, requestsOf, type StreamSink } from './streams.ts';

/** Stands in for a request whose bytes are not the message they should be; answered with INVALID_INPUT. */
class Malformed {}
const malformed = new Malformed();

/** The definition as grpc-js gets it: parsing never throws, and answers arrive serialized already. */
export function wireDefinition(method: RpcDefinition): MethodDefinition<unknown, Buffer> {
  return {
    path: method.path,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: method.requestSerialize as (value: unknown) => Buffer,
    requestDeserialize: (bytes) => {
      try {
        return method.requestDeserialize(bytes);
      } catch {
        return malformed;
      }
    },
    responseSerialize: (bytes) => bytes,
    responseDeserialize: (bytes) => bytes,
  };
}

/** Makes the grpc-js function that serves one method of any kind. */
export function serveMethod(
  runner: CallRunner,
  info: MethodInfo,
  definition: RpcDefinition,
  handler: UntypedHandler = unimplemented,
): UntypedHandleCall {
  const serialize = definition.responseSerialize as (value: unknown) => Buffer;
  const single = async (request: unknown, ctx: CallContext) =>
    serialize(await (handler(checked(request), ctx) as Promise<unknown>));
  const many = async (request: unknown, ctx: CallContext, sink: StreamSink) =>
    pump(handler(request, ctx) as AsyncIterable<unknown>, serialize, sink, ctx.signal);
  switch (kindOf(definition)) {
    case 'unary': {
      const serve: handleUnaryCall<unknown, Buffer> = (call, callback) =>
        void runner.run(info, call, (ctx) => single(call.request, ctx)).then(unaryAnswer(callback));
      return serve;
    }
    case 'client-stream': {
      const serve: handleClientStreamingCall<unknown, Buffer> = (call, callback) =>
        void runner.run(info, call, (ctx) => single(requestsOf(call, checked, ctx), ctx)).then(unaryAnswer(callback));
      return serve;
    }
    case 'server-stream': {
      const serve: handleServerStreamingCall<unknown, Buffer> = (call) =>
        void runner.run(info, call, async (ctx) => many(checked(call.request), ctx, call)).then(streamAnswer(call));
      return serve;
    }
    case 'bidi': {
      const serve: handleBidiStreamingCall<unknown, Buffer> = (call) =>
        void runner.run(info, call, (ctx) => many(requestsOf(call, checked, ctx), ctx, call)).then(streamAnswer(call));
      return serve;
    }
  }
}

function unimplemented(): never {
  throw commonFaults.UNIMPLEMENTED('This method is not available yet.');
}

function checked(request: unknown): unknown {
  if (request instanceof Malformed) {
    throw invalidInput([{ field: 'request', description: 'is not a valid message of this method' }]);
  }
  return request;
}

function unaryAnswer(callback: (error: object | null, value?: Buffer) => void) {
  return (outcome: Outcome<Buffer>) => {
    if ('error' in outcome) callback(outcome.error);
    else callback(null, outcome.value);
  };
}

function streamAnswer(call: StreamSink) {
  return (outcome: Outcome<void>) => {
    if (call.destroyed) return;
    // grpc-js takes the status of a failed stream from an emitted error, after what was written before.
    if ('error' in outcome) call.emit('error', outcome.error);
    else call.end();
  };
}
