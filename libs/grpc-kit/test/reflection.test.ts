import { health, rpcMethods } from '@edda/contracts';
import { type ServiceDefinition, Client, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { start } from './fixture.ts';

/** ServerReflectionRequest.list_services = 7; the answer holds the names as text. */
async function listServices(address: string, path: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure());
  const plain = (value: Buffer) => value;
  const call = client.makeBidiStreamRequest(path, plain, plain, new Metadata(), { deadline: Date.now() + 3_000 });
  call.end(Buffer.from([0x3a, 0x00]));
  const parts: Buffer[] = [];
  for await (const part of call) parts.push(part as Buffer);
  client.close();
  return Buffer.concat(parts).toString('latin1');
}

describe('reflection', () => {
  it('lists what is served, without a token, in both versions', async () => {
    const { address } = await start({}, { reflection: true });
    for (const version of ['v1', 'v1alpha']) {
      const names = await listServices(address, `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`);
      expect(names).toContain('grpc.health.v1.Health');
      expect(names).not.toContain('edda.heidrun');
    }
  });

  it('is absent unless asked for', async () => {
    const { address } = await start({});
    const listing = listServices(address, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    await expect(listing).rejects.toMatchObject({ code: 12 });
  });
});

it('the generated definitions fit the kit and name the methods of the descriptors', () => {
  const definition: ServiceDefinition = health.HealthService;
  const paths = rpcMethods().map((method) => method.path);
  expect(paths).toEqual(expect.arrayContaining(Object.values(definition).map((method) => method.path)));
});
