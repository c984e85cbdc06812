/**
 * The contract of every service as TypeScript, one namespace per package. Generated from `proto/` by
 * `bun run generate`: int64 is bigint, Timestamp is Date, a oneof is `{ $case, value }`, enums are objects.
 */
export * as audit from './gen/index.edda.audit.v1.ts';
export * as common from './gen/index.edda.common.v1.ts';
export * as eikthyrnir from './gen/index.edda.eikthyrnir.v1.ts';
export * as heidrun from './gen/index.edda.heidrun.v1.ts';
export * as njordr from './gen/index.edda.njordr.v1.ts';
export * as nornen from './gen/index.edda.nornen.v1.ts';
export * as settings from './gen/index.edda.settings.v1.ts';
export * as health from './gen/index.grpc.health.v1.ts';
/** google.rpc: Status and the error details a fault travels in. */
export * as rpc from './gen/index.google.rpc.ts';
/** google.protobuf: the well-known types the packages use (Any, Duration, …). */
export * as protobuf from './gen/index.google.protobuf.ts';
export { descriptorSet } from './descriptor-set.ts';
export { enumName } from './enum-name.ts';
export { rpcMethods, type RpcMethod } from './rpc-methods.ts';
