import { type Readable } from 'node:stream';
import { asFault, type Fault } from '@edda/faults';
import { type Client, type Metadata, type ServiceError } from '@grpc/grpc-js';
import { kindOf, type RpcDefinition } from './definition.ts';
import { statusToFault } from './status-to-fault.ts';
import { pump, type StreamSink } from './streams.ts';

/** A call that has its connection, token and deadline. */
export interface PreparedCall {
  client: Client;
  metadata: Metadata;
  /** Epoch ms, or Infinity. */
  deadline: number;
  signal: AbortSignal | undefined;
}

interface Cancellable {
  cancel(): void;
}

type Serialize = (value: unknown) => Buffer;

/** One unary attempt. @throws Fault */
export function callUnary(method: RpcDefinition, request: unknown, prepared: PreparedCall): Promise<unknown> {
  const { client, metadata, deadline, signal } = prepared;
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      method.path,
      method.requestSerialize as Serialize,
      method.responseDeserialize,
      request,
      metadata,
      { deadline },
      (error, response) => {
        unlink();
        if (error === null) resolve(response);
        else reject(statusToFault(error));
      },
    );
    const unlink = cancelOn(signal, call);
  });
}

/** A call that streams on at least one side; started when its answer is first asked for. */
export function callStream(
  method: RpcDefinition,
  input: unknown,
  start: () => Promise<PreparedCall>,
): Promise<unknown> | AsyncIterable<unknown> {
  switch (kindOf(method)) {
    case 'client-stream':
      return collect(method, input as AsyncIterable<unknown>, start());
    default: {
      // Prepared at once, so that deadline and request id are those of the moment of the call.
      const prepared = start();
      prepared.catch(() => undefined);
      return responses(method, input, prepared);
    }
  }
}

async function collect(method: RpcDefinition, requests: AsyncIterable<unknown>, prepared: Promise<PreparedCall>) {
  const { client, metadata, deadline, signal } = await prepared.catch(rethrowFault);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const call = client.makeClientStreamRequest(
    method.path,
    method.requestSerialize as Serialize,
    method.responseDeserialize,
    metadata,
    { deadline },
    (error, response) => {
      if (error === null) resolve(response);
      else reject(statusToFault(error));
      answered.abort();
    },
  );
  const answered = new AbortController();
  const unlink = cancelOn(signal, call);
  send(requests, call, answered.signal).catch((error: unknown) => {
    reject(asFault(error));
    call.cancel();
  });
  return promise.finally(unlink);
}

async function* responses(method: RpcDefinition, input: unknown, prepared: Promise<PreparedCall>) {
  const { client, metadata, deadline, signal } = await prepared.catch(rethrowFault);
  const serialize = method.requestSerialize as Serialize;
  const parse = method.responseDeserialize;
  const stopped = new AbortController();
  let sendFailure: Fault | undefined;
  let call: Cancellable & Readable;
  if (method.requestStream) {
    const duplex = client.makeBidiStreamRequest(method.path, serialize, parse, metadata, { deadline });
    call = duplex;
    send(input as AsyncIterable<unknown>, duplex, stopped.signal).catch((error: unknown) => {
      sendFailure = asFault(error);
      duplex.cancel();
    });
  } else {
    call = client.makeServerStreamRequest(method.path, serialize, parse, input, metadata, { deadline });
  }
  const unlink = cancelOn(signal, call);
  // The loop below stops listening when it is left early, and the cancellation that follows is an error event.
  call.on('error', () => undefined);
  try {
    for await (const message of call) yield message as unknown;
  } catch (error) {
    throw sendFailure ?? faultOf(error);
  } finally {
    unlink();
    stopped.abort();
    call.cancel();
  }
}

async function send(requests: AsyncIterable<unknown>, call: StreamSink, stopped: AbortSignal): Promise<void> {
  await pump(requests, (message) => message, call, stopped);
  if (!call.destroyed) call.end();
}

function faultOf(error: unknown): Fault {
  const isStatus = error instanceof Error && 'code' in error && typeof error.code === 'number';
  return isStatus ? statusToFault(error as ServiceError) : asFault(error);
}

function rethrowFault(error: unknown): never {
  throw asFault(error);
}

/** Ties a call to a signal. @returns what unties it */
function cancelOn(signal: AbortSignal | undefined, call: Cancellable): () => void {
  if (signal === undefined) return () => undefined;
  const cancel = () => call.cancel();
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}
