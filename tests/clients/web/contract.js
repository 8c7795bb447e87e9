// Encodes and decodes messages by the contract's descriptors, for the JavaScript players, and names gRPC's status codes.
import { createFileRegistry, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const CODES = [
  "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
  "UNAUTHENTICATED",
];

export const codeName = (code) => CODES[code];

export function contractOf(bytes) {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  return {
    // The method with the message types of a step.
    method(step) {
      const [service, name] = (step.messagesOf ?? step.call).split("/");
      return registry.getService(service).methods.find((method) => method.name === name);
    },
    fromJson: (type, json) => fromJson(type, json, { registry }),
    toJson: (type, message) => toJson(type, message, { registry }),
    encode: (type, json) => toBinary(type, fromJson(type, json, { registry })),
    decode: (type, bytes) => toJson(type, fromBinary(type, bytes), { registry }),
    detail(name, bytes) {
      const type = registry.getMessage(name);
      return { type: name, value: toJson(type, fromBinary(type, bytes), { registry }) };
    },
    statusDetails(bytes) {
      const status = fromBinary(registry.getMessage("google.rpc.Status"), bytes);
      return status.details.map((any) => this.detail(any.typeUrl.split("/").at(-1), any.value));
    },
  };
}
