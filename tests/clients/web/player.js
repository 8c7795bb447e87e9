// Plays steps over gRPC-Web in a browser page: fetches each step from the page's own server, and calls the service.
import { ConnectError } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { codeName, contractOf } from "/player/contract.js";

const { base, contract: file } = await (await fetch("/settings.json")).json();
const contract = contractOf(new Uint8Array(await (await fetch(file)).arrayBuffer()));
const transport = createGrpcWebTransport({ baseUrl: base });

async function play(step) {
  const method = contract.method(step);
  const called = { ...method, name: step.call.split("/")[1] };
  const cancel = new AbortController();
  const outcome = { messages: [], metadata: {}, details: [], code: "OK" };
  const keep = (headers) => headers.forEach((value, key) => (outcome.metadata[key] = value));
  const begun = performance.now();
  if (step.cancelAfterMs) setTimeout(() => cancel.abort(), step.cancelAfterMs);
  const parts = [called, cancel.signal, step.deadlineMs, step.metadata];
  try {
    const input = contract.fromJson(method.input, step.message);
    const response =
      method.methodKind === "server_streaming"
        ? await transport.stream(...parts, (async function* () { yield input; })())
        : await transport.unary(...parts, input);
    keep(response.header);
    for await (const message of response.stream ? response.message : [response.message]) {
      outcome.messages.push(contract.toJson(method.output, message));
      if (outcome.messages.length === step.cancelAfterMessages) cancel.abort();
    }
    keep(response.trailer);
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    keep(error.metadata);
    outcome.code = codeName(error.code);
    outcome.message = error.rawMessage;
    outcome.details = error.details.map(({ type, value }) => contract.detail(type, value));
  }
  return { ...outcome, ms: performance.now() - begun };
}

for (;;) {
  const step = await (await fetch("/step")).json();
  await fetch("/outcome", { method: "POST", body: JSON.stringify(await play(step)) });
}
