/** One step of a trace. It never carries what was asked or answered: names, ids and counts only. */
export interface Span {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** This span as a parent, in the W3C form `00-<trace id>-<span id>-<flags>`. */
  readonly traceparent: string;
  /** Begins a step of this one. */
  child(name: string, options?: SpanOptions): Span;
  /** Notes that something happened now. */
  event(name: string): void;
  set(attributes: SpanAttributes): void;
  /** Ends it, once. @param failure a short reason from a fixed set, such as a fault's; never a message */
  end(failure?: string): void;
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** Which side of a call it is; `internal` without it. */
  kind?: 'internal' | 'server' | 'client' | 'consumer' | 'producer';
  attributes?: SpanAttributes;
  /** Spans of other traces that it belongs together with, as their traceparents; malformed ones are left out. */
  links?: readonly string[];
}

/** Begins the spans of one service; where traces are off there is none, and nothing is made. */
export interface Tracer {
  /** @param options.traceparent the caller's span; a new trace begins without it, or when it is malformed */
  start(name: string, options?: SpanOptions & { traceparent?: string | undefined }): Span;
  /** Sends what is left, for at most about 3 s. */
  close(): Promise<void>;
}
