// How does @grpc/grpc-js play a step? One step a line on standard input, one outcome a line on standard output.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import grpc from "@grpc/grpc-js";
import { codeName, contractOf } from "./web/contract.js";

const [address, file] = process.argv.slice(2);
const contract = contractOf(readFileSync(file));
const credentials = grpc.credentials.createInsecure();
const plain = new grpc.Client(address, credentials);
const packing = new grpc.Client(address, credentials, {
  "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip,
});

function play(step) {
  const method = contract.method(step);
  const client = step.gzip ? packing : plain;
  const streams = method.methodKind === "server_streaming";
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(step.metadata)) metadata.set(key, value);
  const outcome = { messages: [], metadata: {}, details: [] };
  const begun = performance.now();
  return new Promise((done) => {
    const keep = (come) => {
      for (const [key, value] of Object.entries(come.getMap())) {
        if (typeof value === "string") outcome.metadata[key] = value;
      }
    };
    const end = (status) => {
      keep(status.metadata);
      const packed = status.metadata.get("grpc-status-details-bin")[0];
      outcome.details = packed ? contract.statusDetails(packed) : [];
      done({ ...outcome, code: codeName(status.code), message: status.details, ms: performance.now() - begun });
    };
    const parts = [
      `/${step.call}`,
      (json) => Buffer.from(contract.encode(method.input, json)),
      (bytes) => contract.decode(method.output, bytes),
      step.message,
      metadata,
      { deadline: Date.now() + step.deadlineMs },
    ];
    const took = (message) => outcome.messages.push(message);
    const call = streams
      ? client.makeServerStreamRequest(...parts)
      : client.makeUnaryRequest(...parts, (error, message) => error ?? took(message));
    if (streams) {
      call.on("data", (message) => took(message) === step.cancelAfterMessages && call.cancel());
      // The status says it too.
      call.on("error", () => {});
    }
    call.on("metadata", keep);
    call.on("status", end);
    if (step.cancelAfterMs) setTimeout(() => call.cancel(), step.cancelAfterMs);
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await play(JSON.parse(line)))}\n`);
}
plain.close();
packing.close();
