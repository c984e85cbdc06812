/** One REST route as data: which RPC it is and how its message is spread over path, query and body. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path parameters carry the names of the request's fields. */
  readonly url: string;
  /** `<service>/<Method>` of the contract. */
  readonly rpc: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Status of a success; 200. */
  readonly status?: number;
  /** A message field whose own fields stand in the body directly. */
  readonly spread?: string;
  /** A field of the response that is the whole answer. */
  readonly result?: string;
  /** Fields that callers over HTTP cannot set, because their identity or a header does. */
  readonly omit?: readonly string[];
  /** `"stream": true` in the body answers with the events of this server-streaming RPC instead. */
  readonly streamed?: string;
  /** A body that works, for the documentation. */
  readonly example?: Readonly<Record<string, unknown>>;
  /** The handler tells a call without a key from a mutation under a key that nobody else knows. */
  readonly keyOptional?: true;
  /** Answers UNIMPLEMENTED in this version. */
  readonly later?: true;
}
