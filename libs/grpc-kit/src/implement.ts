import { type CallContext } from './call-context.ts';
import { type RequestOf, type ResponseOf, type RpcDefinition, type RpcService } from './definition.ts';

/** The function that serves one RPC; its shape follows from which sides stream. */
export type HandlerOf<Method extends RpcDefinition> = Method['requestStream'] extends true
  ? Method['responseStream'] extends true
    ? (requests: AsyncIterable<RequestOf<Method>>, ctx: CallContext) => AsyncIterable<ResponseOf<Method>>
    : (requests: AsyncIterable<RequestOf<Method>>, ctx: CallContext) => Promise<ResponseOf<Method>>
  : Method['responseStream'] extends true
    ? (request: RequestOf<Method>, ctx: CallContext) => AsyncIterable<ResponseOf<Method>>
    : (request: RequestOf<Method>, ctx: CallContext) => Promise<ResponseOf<Method>>;

export type Handlers<Service extends RpcService> = { readonly [Name in keyof Service]?: HandlerOf<Service[Name]> };

/** A handler whose message types have been checked by `implement` and are no longer needed. */
export type UntypedHandler = (request: unknown, ctx: CallContext) => Promise<unknown> | AsyncIterable<unknown>;

/** A service ready to be served: its definition and the handlers by RPC name. */
export interface ServiceEntry {
  /** Full name, e.g. `edda.heidrun.v1.PreAuthService`. */
  readonly name: string;
  readonly definition: RpcService;
  readonly handlers: Readonly<Record<string, UntypedHandler | undefined>>;
}

/**
 * Binds handlers to a generated definition. RPCs without a handler answer UNIMPLEMENTED. What a handler waits for
 * should end with `ctx.signal`: the caller is answered without it, but its resources last until it returns.
 */
export function implement<const Service extends RpcService>(
  definition: Service,
  handlers: Handlers<Service>,
): ServiceEntry {
  const first = Object.values(definition)[0];
  if (first === undefined) throw new TypeError('a service needs at least one method');
  return {
    name: first.path.slice(1, first.path.lastIndexOf('/')),
    definition,
    handlers: handlers as unknown as ServiceEntry['handlers'],
  };
}
