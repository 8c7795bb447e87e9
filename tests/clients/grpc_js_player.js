// Plays steps with @grpc/grpc-js: one step per line on standard input, one outcome per line on standard output.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import grpc from "@grpc/grpc-js";
import { codeName, contractOf } from "./web/contract.js";

const [address, file] = process.argv.slice(2);
const contract = contractOf(readFileSync(file));
const credentials = grpc.credentials.createInsecure();
const plain = new grpc.Client(address, credentials);
const compressing = new grpc.Client(address, credentials, {
  "grpc.default_compression_algorithm": grpc.compressionAlgorithms.gzip,
});

function play(step) {
  const method = contract.method(step);
  const client = step.gzip ? compressing : plain;
  const streams = method.methodKind === "server_streaming";
  const metadata = new grpc.Metadata();
  for (const [key, value] of Object.entries(step.metadata)) metadata.set(key, value);
  const outcome = { messages: [], metadata: {}, details: [] };
  const begun = performance.now();
  return new Promise((done) => {
    const keep = (received) => {
      for (const [key, value] of Object.entries(received.getMap())) {
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
    const add = (message) => outcome.messages.push(message);
    const call = streams
      ? client.makeServerStreamRequest(...parts)
      : client.makeUnaryRequest(...parts, (error, message) => error ?? add(message));
    if (streams) {
      call.on("data", (message) => add(message) === step.cancelAfterMessages && call.cancel());
      // The status event has the error too.
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
compressing.close();
