import { rpc } from '@edda/contracts';
import { defineFaults, Fault, invalidInput } from '@edda/faults';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseWith } from '../src/index.ts';
import { EchoService } from './echo-definition.ts';
import { start, tokenFor } from './fixture.ts';

const faults = defineFaults('test', {
  BROKE: { kind: 'insufficient-funds', meaning: 'm', remedy: 'r' },
  FULL: { kind: 'exhausted', meaning: 'm', remedy: 'r' },
});

const failing = (error: Error) => ({ echo: () => Promise.reject(error) });

/** What a client without our kit sees. */
async function rawError(address: string, bytes: Buffer): Promise<ServiceError> {
  const client = new Client(address, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${await tokenFor('user')}`);
  const plain = (value: Buffer) => value;
  const error = await new Promise<ServiceError | null>((resolve) => {
    client.makeUnaryRequest(EchoService.echo.path, plain, plain, bytes, metadata, (failure) => resolve(failure));
  });
  client.close();
  if (error === null) throw new Error('the call should have failed');
  return error;
}

describe('a fault on the wire', () => {
  it('comes back as the same fault: kind, reason, domain, metadata, violations, retry information', async () => {
    const violations = [{ field: 'legs.0.input_tokens', description: 'must not be negative' }];
    const fault = faults.BROKE('nur noch 5 ¢ übrig', {
      metadata: { available_cents: '5' },
      violations,
      retryAfterMs: 1_250,
    });
    const { client } = await start(failing(fault));
    const received = await client()
      .echo({ text: 'x' })
      .catch((error: unknown) => error);
    expect(received).toBeInstanceOf(Fault);
    expect(received).toMatchObject({
      kind: 'insufficient-funds',
      reason: 'BROKE',
      domain: 'test.edda',
      message: 'nur noch 5 ¢ übrig',
      metadata: { available_cents: '5' },
      violations,
      retryAfterMs: 1_250,
    });
    expect((received as Fault).metadata).not.toHaveProperty('fault_kind');
  });

  it('has exactly one ErrorInfo, and a status message equal to the gRPC message', async () => {
    const { address } = await start(failing(faults.FULL('voll', { retryAfterMs: 50 })));
    const error = await rawError(address, Buffer.from('{"text":"x"}'));
    const status = rpc.Status.decode(error.metadata.get('grpc-status-details-bin')[0] as Buffer);
    expect([error.code, error.details]).toEqual([8, 'voll']);
    expect([status.code, status.message]).toEqual([8, 'voll']);
    expect(status.details.map((detail) => detail.typeUrl)).toEqual([
      'type.googleapis.com/google.rpc.ErrorInfo',
      'type.googleapis.com/google.rpc.RetryInfo',
    ]);
  });

  it('stays small enough for its headers, whatever it carries', async () => {
    const violations = Array.from({ length: 5_000 }, (_, at) => ({ field: `f${at}`, description: 'x'.repeat(500) }));
    const { client } = await start(failing(invalidInput(violations)));
    const received = (await client()
      .echo({ text: 'x' })
      .catch((error: unknown) => error)) as Fault;
    expect(received.reason).toBe('INVALID_INPUT');
    expect(received.violations.length).toBeGreaterThan(5);
    expect(received.violations.length).toBeLessThan(100);
  });
});

describe('an unknown error', () => {
  it('is INTERNAL with a generic text and an error id; its cause is logged once under that id', async () => {
    const { client, log } = await start(failing(new Error('password=secret')));
    const received = (await client()
      .echo({ text: 'x' })
      .catch((error: unknown) => error)) as Fault;
    expect(received).toMatchObject({ kind: 'internal', reason: 'INTERNAL' });
    expect(received.message).not.toContain('secret');
    const lines = log.records.filter((line) => line.error_id === received.metadata.error_id);
    expect(lines).toHaveLength(1);
    expect(received.metadata.error_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is INVALID_INPUT when the bytes are not the message', async () => {
    const { address } = await start({ echo: async (request) => request });
    expect(await rawError(address, Buffer.from('{broken'))).toMatchObject({ code: 3 });
  });

  it('is INTERNAL when the answer cannot be serialized', async () => {
    const { client } = await start({ echo: async () => ({ text: 1n as unknown as string }) });
    await expect(client().echo({ text: 'x' })).rejects.toMatchObject({ reason: 'INTERNAL' });
  });
});

describe('parseWith', () => {
  it('names fields as the contract does, in snake_case', () => {
    const schema = z.object({
      maxCostCents: z.bigint().positive(),
      legs: z.array(z.object({ inputTokens: z.bigint() })),
    });
    const parse = () => parseWith(schema, { maxCostCents: 0n, legs: [{ inputTokens: 'x' }] });
    expect(parse).toThrow(Fault);
    try {
      parse();
    } catch (error) {
      expect((error as Fault).violations.map((violation) => violation.field)).toEqual([
        'max_cost_cents',
        'legs.0.input_tokens',
      ]);
    }
    expect(parseWith(schema, { maxCostCents: 1n, legs: [] })).toEqual({ maxCostCents: 1n, legs: [] });
  });
});

it('a method without a handler answers UNIMPLEMENTED', async () => {
  const { client } = await start({});
  await expect(client().later({ text: 'x' })).rejects.toMatchObject({ kind: 'unimplemented', reason: 'UNIMPLEMENTED' });
  const stream = client().watch({ text: 'x' })[Symbol.asyncIterator]();
  await expect(stream.next()).rejects.toMatchObject({ reason: 'UNIMPLEMENTED' });
});
