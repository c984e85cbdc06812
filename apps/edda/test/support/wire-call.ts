import { rpc } from '@edda/contracts';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { expect } from 'vitest';

/** One call as it goes over the wire. */
export interface WireCall {
  /** Full name of the method: `/edda.njordr.v1.ComputeService/GetRequest`. */
  path: string;
  /** The message's bytes. */
  message: Uint8Array;
  metadata?: Readonly<Record<string, string>>;
  deadlineMs?: number;
}

/** What a refused call must answer. */
export interface Refusal {
  code: keyof typeof status;
  reason: string;
  /** The one field that is named; none without it. */
  field?: string;
}

/** Calls with a bare client, so that nothing of our own client stands between the test and the wire. */
export async function failedCall(address: string, call: WireCall): Promise<ServiceError> {
  const client = new Client(address, credentials.createInsecure());
  try {
    return await new Promise<ServiceError>((resolve, reject) => {
      const metadata = new Metadata();
      for (const [name, value] of Object.entries(call.metadata ?? {})) metadata.set(name, value);
      const stream = client.makeServerStreamRequest(
        call.path,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => bytes,
        call.message,
        metadata,
        { deadline: Date.now() + (call.deadlineMs ?? 30_000) },
      );
      let answers = 0;
      stream.on('data', () => void answers++);
      stream.on('error', (error: ServiceError) => {
        if (answers === 0) resolve(error);
        else reject(new Error(`refused only after ${answers} answers`, { cause: error }));
      });
      stream.on('end', () => reject(new Error(`the call was not refused; it answered ${answers} times`)));
    });
  } finally {
    client.close();
  }
}

/** Asserts exactly one fault with this status, reason and field, and nothing of our insides in its text. */
export function expectRefusal(error: ServiceError, { code, reason, field }: Refusal): void {
  const sent = error.metadata.get('grpc-status-details-bin');
  expect(sent, `${error.code} ${error.details}`).toHaveLength(1);
  const { details, ...decoded } = rpc.Status.decode(sent[0] as Uint8Array);
  const of = (type: string) => details.filter(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${type}`);
  const infos = of('ErrorInfo').map(({ value }) => rpc.ErrorInfo.decode(value));
  const fields = of('BadRequest').flatMap(({ value }) => rpc.BadRequest.decode(value).fieldViolations);
  expect({
    code: status[error.code],
    reasons: infos.map((info) => info.reason),
    fields: fields.map((violation) => violation.field),
  }).toEqual({ code, reasons: [reason], fields: field === undefined ? [] : [field] });
  // Elixir's client takes the message from the status in the trailers.
  expect(decoded).toEqual({ code: error.code, message: error.details });
  expectNoInsides(error.details + JSON.stringify([infos, fields]));
}

/** What tells about our code, our database or our machine rather than about the request. */
const insides =
  /\n\s*at |:\d+:\d+|node_modules|\.[jt]s\b|Error:|postgres|relation |violates|SELECT |INSERT |ECONN|127\.0\.0\.1/i;

export function expectNoInsides(text: string): void {
  expect(text).not.toBe('');
  expect(text).not.toMatch(insides);
}
