/** One RPC as ts-proto generates it for grpc-js (`outputServices=grpc-js`). */
export interface RpcDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  // `never` because a function's parameter is contravariant: any serializer is assignable.
  readonly requestSerialize: (value: never) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** A service's RPCs by their camelCase names. */
export type RpcService = Readonly<Record<string, RpcDefinition>>;

export type RequestOf<Method extends RpcDefinition> = ReturnType<Method['requestDeserialize']>;
export type ResponseOf<Method extends RpcDefinition> = ReturnType<Method['responseDeserialize']>;

/** `unary` | `server-stream` | `client-stream` | `bidi`, as metrics and logs name them. */
export type CallKind = 'unary' | 'server-stream' | 'client-stream' | 'bidi';

export function kindOf(method: Pick<RpcDefinition, 'requestStream' | 'responseStream'>): CallKind {
  if (method.requestStream) return method.responseStream ? 'bidi' : 'client-stream';
  return method.responseStream ? 'server-stream' : 'unary';
}
