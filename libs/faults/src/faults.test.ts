import { describe, expect, it } from 'vitest';
import {
  asFault,
  commonFaults,
  defineFaults,
  Fault,
  faultKinds,
  grpcStatusOf,
  httpStatusOf,
  invalidInput,
  toProblem,
} from './index.ts';

const faults = defineFaults('heidrun', {
  PRICE_MISSING: { kind: 'precondition', meaning: 'No price.', remedy: 'Set one.' },
});

describe('defineFaults', () => {
  it('makes a factory per reason that carries the service’s domain and the entry’s kind', () => {
    const fault = faults.PRICE_MISSING('no price for m', { metadata: { model: 'm' }, retryAfterMs: 5 });
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({
      kind: 'precondition',
      reason: 'PRICE_MISSING',
      domain: 'heidrun.edda',
      message: 'no price for m',
      metadata: { model: 'm' },
      retryAfterMs: 5,
    });
  });

  it('keeps the table, so that the error guide can be generated from it', () => {
    expect(faults.table.PRICE_MISSING.remedy).toBe('Set one.');
  });
});

describe('asFault', () => {
  it('passes a fault through untouched', () => {
    const fault = faults.PRICE_MISSING('x');
    expect(asFault(fault)).toBe(fault);
  });

  it('hides an unknown error’s text but keeps it as the cause', () => {
    const cause = new Error('password=secret at db.ts:1');
    const fault = asFault(cause);
    expect(fault.kind).toBe('internal');
    expect(fault.message).not.toContain('secret');
    expect(fault.cause).toBe(cause);
  });
});

describe('status mapping', () => {
  it.each([
    ['invalid', 3, 400],
    ['insufficient-funds', 9, 402],
    ['precondition', 9, 422],
    ['exhausted', 8, 429],
    ['cancelled', 1, 499],
    ['internal', 13, 500],
  ] as const)('%s is gRPC %i and HTTP %i', (kind, grpc, http) => {
    expect(grpcStatusOf(kind)).toBe(grpc);
    expect(httpStatusOf(kind)).toBe(http);
  });

  it('covers every common reason with a known kind', () => {
    for (const entry of Object.values(commonFaults.table)) expect(faultKinds).toHaveProperty(entry.kind);
  });
});

describe('toProblem', () => {
  it('renders RFC 9457 members and leaves empty extensions out', () => {
    expect(toProblem(faults.PRICE_MISSING('no price'), 'urn:request:1')).toEqual({
      type: 'urn:edda:fault:heidrun.edda:price_missing',
      title: 'Precondition not met',
      status: 422,
      detail: 'no price',
      reason: 'PRICE_MISSING',
      domain: 'heidrun.edda',
      instance: 'urn:request:1',
    });
  });

  it('lists field violations', () => {
    const problem = toProblem(invalidInput([{ field: 'a.b', description: 'must be positive' }]));
    expect(problem).toMatchObject({
      status: 400,
      detail: 'a.b: must be positive',
      violations: [{ field: 'a.b', description: 'must be positive' }],
    });
  });
});
