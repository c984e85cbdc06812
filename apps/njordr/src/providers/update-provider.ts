import { setTimeout as sleep } from 'node:timers/promises';
import { commonFaults, invalidInput } from '@edda/faults';
import { njordr } from '@edda/contracts';
import { type CallContext, parseWith } from '@edda/grpc-kit';
import { hashRequest } from '@edda/pg-kit';
import { z } from 'zod';
import { configurationSchema } from './configuration-schema.ts';
import { type ProviderDeps } from './provider-deps.ts';
import { type ProviderRow } from './provider-row.ts';
import { recordEvent, replaceConfiguration } from './provider-store.ts';
import { lockOwn, presentProvider, requestFields, runMutation } from './run-mutation.ts';

const schema = z.object({
  idempotencyKey: requestFields.idempotencyKey,
  providerId: requestFields.providerId,
  expectedVersion: z.bigint().min(0n),
  updateMask: z.array(z.string()).max(20).optional(),
});

const PRICE_PATIENCE_MS = 2_000;

/** Fields of ProviderConfiguration by the names a mask may use. */
const maskable: Readonly<Record<string, keyof njordr.ProviderConfiguration>> = {
  display_name: 'displayName',
  models: 'models',
  price: 'price',
  capacity: 'capacity',
  hardware: 'hardware',
  availability: 'availability',
  sharing: 'sharing',
  quality: 'quality',
};

/** UpdateProvider: stores first, then tells Heidrun the prices; routing keeps the old price until Heidrun confirms. */
export function createUpdateProvider(deps: ProviderDeps) {
  return async (request: njordr.UpdateProviderRequest, ctx: CallContext): Promise<njordr.UpdateProviderResponse> => {
    const { providerId, expectedVersion, updateMask = [] } = parseWith(schema, request);
    const fields = updateMask.map(fieldOf);
    await runMutation(deps, request, ctx, async (client, now) => {
      const row = await lockOwn(client, providerId, ctx);
      assertChangeable(row, expectedVersion);
      const merged = merge(row.configuration, request.configuration, fields);
      const { configuration } = parseWith(z.object({ configuration: configurationSchema }), { configuration: merged });
      await replaceConfiguration(client, providerId, keepVerified(row, configuration), now);
      const event = { type: 'provider.updated', status: row.status, now, requestId: ctx.requestId };
      await recordEvent(client, row, { ...event, details: auditedConfiguration(configuration) });
      return providerId;
    });
    // Usually the new price is confirmed by then; a pending registration may go on for longer than a caller waits.
    await Promise.race([deps.workflow.advance(providerId), sleep(PRICE_PATIENCE_MS, undefined, { ref: false })]);
    return { provider: await presentProvider(deps, providerId, ctx) };
  };
}

function fieldOf(name: string): keyof njordr.ProviderConfiguration {
  const field = maskable[name];
  if (field !== undefined) return field;
  throw invalidInput([{ field: 'update_mask', description: `${name} is no field of the configuration` }]);
}

function merge(
  old: njordr.ProviderConfiguration,
  given: njordr.ProviderConfiguration | undefined,
  fields: readonly (keyof njordr.ProviderConfiguration)[],
): njordr.ProviderConfiguration | undefined {
  if (fields.length === 0) return given;
  const values = given ?? njordr.ProviderConfiguration.fromPartial({});
  return { ...old, ...Object.fromEntries(fields.map((field) => [field, values[field]])) };
}

/** What a probe has confirmed of a model stays confirmed while the model is offered. */
function keepVerified(row: ProviderRow, configuration: njordr.ProviderConfiguration): njordr.ProviderConfiguration {
  const verified = new Set(
    row.configuration.models.filter((offer) => offer.continuationVerified).map(({ model }) => model),
  );
  const models = configuration.models.map((offer) => ({ ...offer, continuationVerified: verified.has(offer.model) }));
  return { ...configuration, models };
}

/** The prices, which fix money, and a hash that shows whether anything else was changed. */
function auditedConfiguration(configuration: njordr.ProviderConfiguration): object {
  const priceOf = (price: njordr.ProviderConfiguration['price']) =>
    price && { cents: price.priceCents, outputCents: price.outputPriceCents, unitTokens: price.priceUnitTokens };
  return {
    configurationHash: hashRequest(configuration),
    price: priceOf(configuration.price),
    modelPrices: configuration.models.map(({ model, price }) => ({ model, price: priceOf(price) })),
  };
}

function assertChangeable(row: ProviderRow, expectedVersion: bigint): void {
  if (row.status === 'UNREGISTERED') {
    throw commonFaults.ILLEGAL_TRANSITION('An unregistered provider cannot be changed.', {
      metadata: { machine: 'provider', state: row.status, event: 'update' },
    });
  }
  if (expectedVersion !== 0n && expectedVersion !== row.version) {
    throw commonFaults.VERSION_CONFLICT('The provider has changed since.', {
      metadata: { current_version: String(row.version) },
    });
  }
}
