"""Reads the contract from the server's reflection, as a client does."""

from google.protobuf import descriptor_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SYMBOLS = [
    "um.secondopinion.v1.SecondOpinionService",
    "um.secondopinion.v1.PolicyService",
    "grpc.health.v1.Health",
    "google.rpc.Status",
    "google.rpc.ErrorInfo",
]


def read(channel):
    """Returns the descriptors of every file for the calls and their errors, each after the files that it imports."""
    database = ProtoReflectionDescriptorDatabase(channel)
    known, files = set(), descriptor_pb2.FileDescriptorSet()

    def add(file):
        if file.name not in known:
            known.add(file.name)
            for name in file.dependency:
                add(database.FindFileByName(name))
            files.file.append(file)

    for symbol in SYMBOLS:
        add(database.FindFileContainingSymbol(symbol))
    return files
