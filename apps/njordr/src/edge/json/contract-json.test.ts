import { heidrun, njordr, rpcMethods } from '@edda/contracts';
import { type RpcService } from '@edda/grpc-kit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createContractJson, type JsonObject } from './contract-json.ts';

const contract = createContractJson();
const definitions: RpcService[] = [
  njordr.ProviderServiceService,
  njordr.ComputeServiceService,
  njordr.TransactionServiceService,
  njordr.ApiKeyServiceService,
  njordr.AnalyticsServiceService,
  heidrun.PaymentServiceService,
];
const rpcs = definitions.flatMap((definition) => Object.values(definition));

describe('every message of the edge’s RPCs', () => {
  it.each(rpcs.map((rpc) => [rpc.path, rpc] as const))(
    '%s: left out entirely it is the generated default',
    (path, rpc) => {
      const { request, response } = contract.rpc(path.slice(1));
      expect(request.toMessage({})).toEqual(rpc.requestDeserialize(Buffer.alloc(0)));
      expect(response.toMessage({})).toEqual(rpc.responseDeserialize(Buffer.alloc(0)));
      expect(request.schema.parse({})).toEqual(request.toJson(rpc.requestDeserialize(Buffer.alloc(0)) as JsonObject));
    },
  );
});

/** JSON of a message with every field set, derived from the JSON Schema, which has another source than the codec. */
function anyJson(path: string): fc.Arbitrary<JsonObject> {
  const schema = contract.rpc(path).response.schema.toJSONSchema({ io: 'output' }) as unknown as Shape;
  return anyOf(schema) as fc.Arbitrary<JsonObject>;
}

interface Shape {
  type?: string;
  properties?: Record<string, Shape>;
  items?: Shape;
  enum?: string[];
  format?: string;
  contentEncoding?: string;
  minimum?: number;
  maximum?: number;
  additionalProperties?: Shape | boolean;
}

function anyOf(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum);
  if (shape.format === 'date-time') {
    const range = { min: new Date(0), max: new Date('2200-01-01T00:00:00Z'), noInvalidDate: true };
    return fc.date(range).map((date) => date.toISOString());
  }
  switch (shape.type) {
    case 'object':
      if (shape.properties === undefined) return fc.dictionary(fc.string(), fc.string());
      return fc.record(Object.fromEntries(Object.entries(shape.properties).map(([name, one]) => [name, anyOf(one)])));
    case 'array':
      return fc.array(anyOf(shape.items ?? {}), { maxLength: 2 });
    case 'integer':
      return fc.maxSafeInteger().map((n) => Math.min(Math.max(n, shape.minimum ?? n), shape.maximum ?? n));
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).filter((n) => !Object.is(n, -0));
    case 'boolean':
      return fc.boolean();
    default:
      return fc.string({ unit: 'grapheme' });
  }
}

describe('round trips', () => {
  const paths = [
    'GetProvider',
    'ListProviders',
    'GetRequest',
    'ExplainRouting',
    'QuoteRequest',
    'ListTransactions',
    'GetBalance',
  ];
  const methods = rpcMethods().filter(({ path, method }) => paths.includes(method) && /njordr|heidrun/.test(path));

  it.each(methods.map((method) => method.path.slice(1)))('%s: JSON → message → wire → message → JSON', (path) => {
    const { response } = contract.rpc(path);
    const rpc = rpcs.find((candidate) => candidate.path === `/${path}`);
    fc.assert(
      fc.property(anyJson(path), (json) => {
        expect(response.schema.parse(json)).toEqual(json);
        const message = response.toMessage(json);
        const bytes = rpc?.responseSerialize(message as never) ?? Buffer.alloc(0);
        const read = rpc?.responseDeserialize(bytes) as JsonObject;
        expect(read).toEqual(message);
        expect(response.toJson(read)).toEqual(json);
      }),
      { numRuns: 20 },
    );
  });

  it('a oneof is the one field that is set', () => {
    const { response } = contract.rpc('edda.njordr.v1.ComputeService/ExecuteRequest');
    const value = njordr.OutputChunk.fromPartial({ sequence: 2n, content: 'x' });
    const message = { event: { $case: 'chunk', value } };
    const json = response.toJson(message);
    expect(Object.keys(json)).toEqual(['chunk']);
    expect(response.toMessage(json)).toEqual(message);
  });
});

describe('domain.md, money: in JSON an amount is an integer up to 2^53 − 1, refused beyond', () => {
  const receipt = contract.message('edda.njordr.v1.Receipt');
  const amount = (value: unknown) => receipt.schema.safeParse({ total_cost_cents: value }).success;

  it('on the way in', () => {
    expect(amount(2 ** 53 - 1)).toBe(true);
    for (const value of [2 ** 53, 0.5, '5', Number.NaN, null]) expect(amount(value)).toBe(false);
  });

  it('on the way out', () => {
    const of = (totalCostCents: bigint) => receipt.toJson({ ...njordr.Receipt.fromPartial({ totalCostCents }) });
    expect(of(2n ** 53n - 1n)).toMatchObject({ total_cost_cents: 2 ** 53 - 1 });
    expect(() => of(2n ** 53n)).toThrow(RangeError);
  });
});

describe('names', () => {
  it('an enum’s number that this version does not know stays a number', () => {
    const provider = contract.message('edda.njordr.v1.Provider');
    expect(provider.toJson({ ...njordr.Provider.fromPartial({}), status: 99 })).toMatchObject({ status: 99 });
  });

  it('what the contract does not have is refused', () => {
    expect(() => contract.message('edda.njordr.v1.Nonsense')).toThrow(TypeError);
    expect(() => contract.rpc('edda.njordr.v1.ProviderService/Nonsense')).toThrow(TypeError);
    expect(() => contract.message('edda.njordr.v1.Receipt').messageOf('status')).toThrow(TypeError);
  });
});
