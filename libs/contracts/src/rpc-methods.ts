import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorSet } from './descriptor-set.ts';

/** One method of the contract, as the descriptors have it. */
export interface RpcMethod {
  /** As on the wire and in rules tables: `/edda.heidrun.v1.PreAuthService/CapturePreAuth`. */
  path: string;
  /** Full service name: `edda.heidrun.v1.PreAuthService`. */
  service: string;
  method: string;
  /** Full message names. */
  requestType: string;
  responseType: string;
  requestStream: boolean;
  responseStream: boolean;
  /** Field names of the request, in snake_case. */
  requestFields: readonly string[];
}

/** Every method of every service in the contract, health included, in the order of the files. */
export function rpcMethods(): RpcMethod[] {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()));
  return [...registry.files].flatMap((file) =>
    file.services.flatMap((service) =>
      service.methods.map((method) => ({
        path: `/${service.typeName}/${method.name}`,
        service: service.typeName,
        method: method.name,
        requestType: method.input.typeName,
        responseType: method.output.typeName,
        requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
        responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
        requestFields: method.input.fields.map((field) => field.name),
      })),
    ),
  );
}
