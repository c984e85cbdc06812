import { descriptorSetBase64 } from './gen/descriptors.ts';

/** A fresh copy of the serialized google.protobuf.FileDescriptorSet of all packages, for server reflection. */
export function descriptorSet(): Uint8Array {
  return new Uint8Array(Buffer.from(descriptorSetBase64, 'base64'));
}
