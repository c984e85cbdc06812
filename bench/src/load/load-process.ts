import { runChild } from '../processes/run-child.ts';
import { grpcLoad } from './grpc-load.ts';
import { httpLoad } from './http-load.ts';

/** Drives load from a process of its own. */
runChild(async () => ({ ready: {}, answers: { grpc: grpcLoad, http: httpLoad }, close: async () => undefined }));
