export { type ActAs, applyActAs } from './act-as.ts';
export { type BreakerOptions } from './breaker.ts';
export { type CallContext, currentCall, noDeadline, runDetached, runInCall } from './call-context.ts';
export { type CallOptions } from './call-options.ts';
export { checkHealth, type ServingStatus } from './check-health.ts';
export { type ClientMethod, createGrpcClient, type GrpcClient, type GrpcClientOptions } from './client.ts';
export { type RequestOf, type ResponseOf, type RpcDefinition, type RpcService } from './definition.ts';
export { reportError } from './error-report.ts';
export { type ErrorStatus, faultToStatus } from './fault-to-status.ts';
export { anonymous, type Identity, type Role, roles } from './identity.ts';
export { type HandlerOf, type Handlers, implement, type ServiceEntry } from './implement.ts';
export { defaultLimits, type ServerLimits } from './limits.ts';
export { metadataKeys } from './metadata-keys.ts';
export { parseWith } from './parse-with.ts';
export { type RetryOptions } from './retry.ts';
export { assertRulesComplete, authorize, type MethodRule, type RulesTable } from './rules.ts';
export { RunningCall } from './running-call.ts';
export { createGrpcServer, type GrpcServer, type GrpcServerOptions } from './server.ts';
export { statusToFault } from './status-to-fault.ts';
export { type ClientTls, isLoopback, type ServerTls } from './tls.ts';
export {
  createTokenMinter,
  generateSigningKeys,
  type TokenClaims,
  type TokenMinter,
  type TokenMinterOptions,
} from './token-minter.ts';
export { createTokenVerifier, type TokenVerifier, type TokenVerifierOptions } from './token-verifier.ts';
export { type CallLimit } from './call-runner.ts';
