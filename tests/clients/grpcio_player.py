"""Plays steps with Python's grpcio."""

import threading
import time

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_status import rpc_status


class Grpcio:
    name, version = "grpcio", grpc.__version__

    def __init__(self, address, contract):
        self.channel = grpc.insecure_channel(address)
        self.pool = descriptor_pool.DescriptorPool()
        for file in contract.file:
            self.pool.Add(file)

    def play(self, step):
        service, method = (step.get("messagesOf") or step["call"]).split("/")
        method = self.pool.FindServiceByName(service).methods_by_name[method]
        kind = self.channel.unary_stream if method.server_streaming else self.channel.unary_unary
        response_class = message_factory.GetMessageClass(method.output_type)
        stub = kind(f"/{step['call']}", lambda message: message.SerializeToString(), response_class.FromString)
        request = json_format.ParseDict(step["message"], message_factory.GetMessageClass(method.input_type)())
        options = {
            "metadata": list(step["metadata"].items()),
            "timeout": step["deadlineMs"] / 1000,
            "compression": grpc.Compression.Gzip if step.get("gzip") else None,
        }
        outcome, begun = {"messages": []}, time.monotonic()
        call = stub(request, **options) if method.server_streaming else stub.future(request, **options)
        if "cancelAfterMs" in step:
            threading.Timer(step["cancelAfterMs"] / 1000, call.cancel).start()
        try:
            for message in call if method.server_streaming else [call.result()]:
                outcome["messages"].append(json_format.MessageToDict(message))
                if len(outcome["messages"]) == step.get("cancelAfterMessages"):
                    call.cancel()
        except (grpc.RpcError, grpc.FutureCancelledError):
            pass
        outcome["ms"] = (time.monotonic() - begun) * 1000
        outcome["code"], outcome["message"] = call.code().name, call.details()
        metadata = [*(call.initial_metadata() or []), *(call.trailing_metadata() or [])]
        outcome["metadata"] = {key: value for key, value in metadata if isinstance(value, str)}
        status = rpc_status.from_call(call)
        outcome["details"] = [self.detail(detail) for detail in status.details] if status else []
        return outcome

    def detail(self, packed):
        descriptor = self.pool.FindMessageTypeByName(packed.type_url.rpartition("/")[2])
        message = message_factory.GetMessageClass(descriptor).FromString(packed.value)
        return {"type": descriptor.full_name, "value": json_format.MessageToDict(message)}

    def close(self):
        self.channel.close()
