/** The shape ts-proto generates, with JSON in place of protobuf so that no contract is needed. */
const json = <Message>() => ({
  serialize: (value: Message): Buffer => Buffer.from(JSON.stringify(value)),
  deserialize: (bytes: Buffer): Message => JSON.parse(bytes.toString()) as Message,
});

export interface Echo {
  text: string;
  delayMs?: number;
}

const { serialize, deserialize } = json<Echo>();
const codec = {
  requestSerialize: serialize,
  requestDeserialize: deserialize,
  responseSerialize: serialize,
  responseDeserialize: deserialize,
};

export const EchoService = {
  echo: { path: '/edda.test.v1.EchoService/Echo', requestStream: false, responseStream: false, ...codec },
  watch: { path: '/edda.test.v1.EchoService/Watch', requestStream: false, responseStream: true, ...codec },
  collect: { path: '/edda.test.v1.EchoService/Collect', requestStream: true, responseStream: false, ...codec },
  chat: { path: '/edda.test.v1.EchoService/Chat', requestStream: true, responseStream: true, ...codec },
  later: { path: '/edda.test.v1.EchoService/Later', requestStream: false, responseStream: false, ...codec },
} as const;

export type EchoDefinition = typeof EchoService;

export const echoPath = (name: keyof EchoDefinition): string => EchoService[name].path;
