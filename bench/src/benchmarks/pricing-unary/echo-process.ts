import { Server, ServerCredentials } from '@grpc/grpc-js';
import { runChild } from '../../processes/run-child.ts';

/** The yardstick: grpc-js alone, which answers every call with the same bytes and looks at nothing. */
runChild(async ({ path, answer }: { path: string; answer: string }) => {
  const server = new Server();
  const bytes = Buffer.from(answer, 'hex');
  const pass = (value: Buffer) => value;
  const echo = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: pass,
    requestDeserialize: pass,
    responseSerialize: pass,
    responseDeserialize: pass,
  } as const;
  server.addService(
    { echo },
    { echo: (_call: unknown, answerWith: (error: null, value: Buffer) => void) => answerWith(null, bytes) },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { ready: { port }, close: async () => server.forceShutdown() };
});
