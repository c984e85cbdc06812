import { type njordr } from '@edda/contracts';
import { parseWith } from '@edda/grpc-kit';
import { z } from 'zod';
import { configurationFields, configurationSchema } from './configuration-schema.ts';
import { text } from '../text-field.ts';

const schema = z.object({
  deviceId: text(1, 128),
  agentVersion: text(1, 50),
  displayName: text(0, 100),
  models: configurationFields.models,
  capacity: z.int().min(1).max(10_000),
  hardware: configurationFields.hardware,
  price: configurationFields.price,
  sharing: configurationFields.sharing,
  runningJobIds: z.array(z.string().max(64)).max(10_000),
});

/** @throws INVALID_INPUT naming the fields of a Hello that are out of bounds */
export function parseHello(hello: njordr.Hello, deviceId: string): void {
  parseWith(schema, { ...hello, deviceId });
}

/** What a first Hello registers. @throws INVALID_INPUT, e.g. when nothing prices a model */
export function configurationOf(hello: njordr.Hello, deviceId: string): njordr.ProviderConfiguration {
  return parseWith(configurationSchema, {
    displayName: hello.displayName === '' ? deviceId.slice(0, 100) : hello.displayName,
    models: hello.models,
    price: hello.price,
    capacity: { maxParallelRequests: hello.capacity, maxRequestsPerMinute: 0, maxTokensPerDay: 0n },
    hardware: hello.hardware,
    sharing: hello.sharing,
  });
}
