import { descriptorSet } from '@edda/contracts';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { type Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

type Package = ConstructorParameters<typeof ReflectionService>[0];

/**
 * Adds server reflection (v1 and v1alpha) for the named services.
 * @param set a serialized FileDescriptorSet; by default that of all contracts
 */
export function addReflection(server: Server, services: string[], set: Uint8Array = descriptorSet()): void {
  // The library reads nothing but these bytes; passing each file unchanged keeps names and comments as written.
  const files = { fileDescriptorProtos: splitDescriptorSet(set).map((file) => Buffer.from(file)) };
  new ReflectionService({ files } as unknown as Package, { services }).addToServer(server);
}

/** FileDescriptorSet is `repeated FileDescriptorProto file = 1`. */
function splitDescriptorSet(set: Uint8Array): Uint8Array[] {
  const reader = new BinaryReader(set);
  const files: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) files.push(reader.bytes());
    else reader.skip(wireType);
  }
  return files;
}
