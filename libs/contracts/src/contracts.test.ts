import { createFileRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { common, descriptorSet, enumName, heidrun, rpcMethods } from './index.ts';

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()));

/** Reads bytes with a second, descriptor-driven codec, so that two equal mistakes cannot cancel out. */
function readIndependently(typeName: string, bytes: Uint8Array): unknown {
  const type = registry.getMessage(typeName);
  if (type === undefined) throw new Error(`${typeName} is not in the descriptor set`);
  return toJson(type, fromBinary(type, bytes));
}

describe('int64', () => {
  it.each([int64Max, int64Min, 2n ** 53n + 1n, 0n])('%d survives as bigint', (amountCents) => {
    const bytes = heidrun.AdjustBalanceRequest.encode(
      heidrun.AdjustBalanceRequest.fromPartial({ amountCents }),
    ).finish();
    expect(heidrun.AdjustBalanceRequest.decode(bytes).amountCents).toBe(amountCents);
    const expected = amountCents === 0n ? {} : { amountCents: amountCents.toString() };
    expect(readIndependently('edda.heidrun.v1.AdjustBalanceRequest', bytes)).toEqual(expected);
  });

  it.each([int64Max + 1n, int64Min - 1n])('refuses %d instead of wrapping it', (amountCents) => {
    const message = heidrun.AdjustBalanceRequest.fromPartial({ amountCents });
    expect(() => heidrun.AdjustBalanceRequest.encode(message)).toThrow(/amount/i);
  });
});

describe('oneof', () => {
  it.each([
    { $case: 'estimatedTokens', value: 0n },
    { $case: 'prompt', value: '' },
    { $case: 'inputTokens', value: int64Max },
  ] as const)('keeps which of its fields is set, even at its zero value: $case', (tokens) => {
    const bytes = heidrun.PreAuthorizeRequest.encode(heidrun.PreAuthorizeRequest.fromPartial({ tokens })).finish();
    expect(heidrun.PreAuthorizeRequest.decode(bytes).tokens).toEqual(tokens);
  });

  it('is undefined when nothing is set', () => {
    expect(heidrun.PreAuthorizeRequest.decode(new Uint8Array()).tokens).toBeUndefined();
  });
});

describe('optional', () => {
  it('tells 0 from left out', () => {
    const encode = (message: heidrun.PreAuthorizeRequest) => heidrun.PreAuthorizeRequest.encode(message).finish();
    const zero = encode(heidrun.PreAuthorizeRequest.fromPartial({ maxCostCents: 0n }));
    expect(heidrun.PreAuthorizeRequest.decode(zero).maxCostCents).toBe(0n);
    const leftOut = encode(heidrun.PreAuthorizeRequest.fromPartial({}));
    expect(heidrun.PreAuthorizeRequest.decode(leftOut).maxCostCents).toBeUndefined();
  });
});

describe('Timestamp', () => {
  it.each(['2026-07-01T12:34:56.789Z', '1970-01-01T00:00:00.001Z', '9999-12-31T23:59:59.999Z'])(
    '%s is a Date to the millisecond',
    (text) => {
      const bytes = common.Event.encode(common.Event.fromPartial({ occurredAt: new Date(text) })).finish();
      expect(common.Event.decode(bytes).occurredAt).toEqual(new Date(text));
      expect(readIndependently('edda.common.v1.Event', bytes)).toEqual({ occurredAt: text });
    },
  );
});

describe('enums', () => {
  it('pass on a number a newer peer sent', () => {
    // 0x28: PaymentMethod's field 5, status, as a varint.
    const method = heidrun.PaymentMethod.decode(new Uint8Array([0x28, 77]));
    expect(method.status).toBe(77);
    expect([...heidrun.PaymentMethod.encode(method).finish()]).toEqual([0x28, 77]);
    expect(enumName(heidrun.PaymentMethodStatus, method.status)).toBeUndefined();
  });

  it('are named as the state machines name their states', () => {
    expect(enumName(heidrun.PreAuthStatus, heidrun.PreAuthStatus.CAPTURED)).toBe('CAPTURED');
    expect(heidrun.preAuthStatusToJSON(heidrun.PreAuthStatus.CAPTURED)).toBe('PRE_AUTH_STATUS_CAPTURED');
  });
});

describe('rpcMethods', () => {
  it('describes a method as rules tables and servers need it', () => {
    expect(rpcMethods().find((method) => method.method === 'CancelPreAuth')).toEqual({
      path: '/edda.heidrun.v1.PreAuthService/CancelPreAuth',
      service: 'edda.heidrun.v1.PreAuthService',
      method: 'CancelPreAuth',
      requestType: 'edda.heidrun.v1.CancelPreAuthRequest',
      responseType: 'edda.heidrun.v1.CancelPreAuthResponse',
      requestStream: false,
      responseStream: false,
      requestFields: ['idempotency_key', 'request_id', 'preauth_id', 'reason'],
    });
  });

  it('tells streams apart', () => {
    const streams = (path: string) => {
      const found = rpcMethods().find((method) => method.path === path);
      return [found?.requestStream, found?.responseStream];
    };
    expect(streams('/edda.settings.v1.SettingsService/WatchSettings')).toEqual([false, true]);
    expect(streams('/edda.njordr.v1.ProviderLink/Connect')).toEqual([true, true]);
    expect(streams('/edda.nornen.v1.HistoryService/IngestEvents')).toEqual([true, false]);
  });

  it('agrees with the generated service definitions', () => {
    const definitions = [heidrun.PreAuthServiceService, heidrun.PaymentServiceService, heidrun.LedgerServiceService];
    const paths = definitions.flatMap((definition) =>
      (Object.values(definition) as { path: string }[]).map((method) => method.path),
    );
    expect(rpcMethods().map((method) => method.path)).toEqual(expect.arrayContaining(paths));
  });
});
