import { createFileRegistry, fromBinary, ScalarType, type DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { descriptorSet, rpcMethods } from '../src/index.ts';
import { mutations } from './mutations.ts';

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()));
const methods = rpcMethods().filter((method) => method.service.startsWith('edda.'));

/** What reading methods are called; anything else changes something. */
const readName =
  /^(Get|BatchGet|List|Watch|Query|Count|Aggregate|Calculate|BatchCalculate|Quote|Check|Explain|Replay|Collect)/;
/** Checks that read only, unlike VerifyPaymentMethod. */
const readingChecks = ['VerifyLedger', 'VerifyAudit'];

const isMutation = (method: string): boolean => !readName.test(method) && !readingChecks.includes(method);

function messageOf(typeName: string): DescMessage {
  const message = registry.getMessage(typeName);
  if (message === undefined) throw new Error(`${typeName} is not in the descriptor set`);
  return message;
}

const fieldNames = (typeName: string): string[] => messageOf(typeName).fields.map((field) => field.name);

function eddaMessages(): DescMessage[] {
  const files = [...registry.files].filter((file) => file.proto.package.startsWith('edda.'));
  return files.flatMap((file) => file.messages);
}

describe('mutations', () => {
  const found = methods
    .filter((method) => isMutation(method.method))
    .map((method) => method.path.slice('/edda.'.length));

  it('are exactly the listed ones, so that a new method is sorted deliberately', () => {
    expect(found.sort()).toEqual([...mutations].sort());
  });

  const unary = methods.filter((method) => isMutation(method.method) && !method.requestStream);
  it.each(unary)('$path takes an idempotency_key', ({ requestFields }) => {
    expect(requestFields).toContain('idempotency_key');
  });
});

describe('reads', () => {
  it.each(methods.filter((method) => !isMutation(method.method)))('$path takes none', ({ requestFields }) => {
    expect(requestFields).not.toContain('idempotency_key');
  });
});

describe('lists', () => {
  it.each(methods.filter((method) => /^(List|Query)/.test(method.method)))('$path is paged', (method) => {
    expect(method.requestFields).toEqual(expect.arrayContaining(['page_size', 'page_token']));
    expect(fieldNames(method.responseType)).toContain('next_page_token');
  });
});

/** Means and medians of prices per 1,000 tokens: figures for ranking and statistics, not amounts anybody pays. */
const priceFigures = [
  'edda.njordr.v1.ModelStatistics.min_price_cents',
  'edda.njordr.v1.ModelStatistics.median_price_cents',
  'edda.njordr.v1.RoutingReference.median_price_cents',
  'edda.njordr.v1.ScoreInputs.price_cents',
];

describe('amounts', () => {
  it('are int64 cents, never floating point', () => {
    const cents = eddaMessages().flatMap((message) => message.fields.filter((field) => field.name.endsWith('_cents')));
    expect(cents.length).toBeGreaterThan(50);
    const others = cents.filter((field) => field.scalar !== ScalarType.INT64);
    expect(others.map((field) => `${field.parent.typeName}.${field.name}`)).toEqual(priceFigures);
  });
});

describe('services', () => {
  it('all have their own request and response types', () => {
    const unusual = methods.filter(
      ({ method, requestType, responseType, service }) =>
        service !== 'edda.njordr.v1.ProviderLink' &&
        !(requestType.endsWith(`.${method}Request`) && responseType.endsWith(`.${method}Response`)),
    );
    expect(unusual.map((method) => method.path)).toEqual([]);
  });
});
