"""The provider `google` for Terraform, for `validate` and `plan`: it has its schema, and makes nothing.

`terraform_google.json` is the schema of the resources that deploy/terraform has, in release 8.7.0, read off
the bindings that the CDK for Terraform makes of the provider (cdktn-provider-google 21.1.0). An attribute is
its type, then `required`, `computed`, `only` (computed, and never given); a block has its bounds.

Terraform's plugin protocol, version 6, over gRPC:
https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin6.proto
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import msgpack
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SCHEMA = Path(__file__).with_name("terraform_google.json")
ADDRESS = "registry.terraform.io/hashicorp/google"
UNKNOWN = msgpack.ExtType(0, b"\0")  # known after apply
_LIST = 2  # how a block is nested

# The messages that are looked into, with the number and type of each field that matters here.
_MESSAGES: dict[str, dict[str, tuple[int, str]]] = {
    "Attribute": {
        "name": (1, "string"), "type": (2, "bytes"), "required": (4, "bool"), "optional": (5, "bool"),
        "computed": (6, "bool"),
    },
    "NestedBlock": {
        "type_name": (1, "string"), "block": (2, "Block"), "nesting": (3, "int32"),
        "min_items": (4, "int64"), "max_items": (5, "int64"),
    },
    "Block": {"attributes": (2, "Attribute*"), "block_types": (3, "NestedBlock*")},
    "Schema": {"version": (1, "int64"), "block": (2, "Block")},
    "Resource": {"key": (1, "string"), "value": (2, "Schema")},  # an entry of a map
    "Schemas": {"provider": (1, "Schema"), "resources": (2, "Resource*")},
    "Value": {"msgpack": (1, "bytes")},
    "PlanRequest": {"type_name": (1, "string"), "proposed": (3, "Value")},
    "PlanResponse": {"planned": (1, "Value")},
}  # fmt: skip


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="provider.proto", package="provider", syntax="proto3")
    field_type = descriptor_pb2.FieldDescriptorProto
    for message, fields in _MESSAGES.items():
        made = file.message_type.add(name=message)
        for name, (number, kind) in fields.items():
            field = made.field.add(name=name, number=number, label=3 if kind.endswith("*") else 1)
            if kind.rstrip("*") in _MESSAGES:
                field.type, field.type_name = field_type.TYPE_MESSAGE, f".provider.{kind.rstrip('*')}"
            else:
                field.type = getattr(field_type, f"TYPE_{kind.upper()}")
    pool: Any = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = {name: pool.FindMessageTypeByName(f"provider.{name}") for name in _MESSAGES}
    return {name: message_factory.GetMessageClass(descriptor) for name, descriptor in found.items()}


class _Google(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no hints
    """Says yes to every configuration that fits the schema, which Terraform itself has looked at."""

    def __init__(self, resources: dict[str, Any]) -> None:
        self.messages = _classes()
        self.computed = {
            type_: [name for name, told in held.items() if "computed" in told]
            for type_, held in resources.items()
        }
        self.schemas = self.messages["Schemas"]()
        _fill(self.schemas.provider.block, {"project": "string", "region": "string"})
        for type_, held in resources.items():
            _fill(self.schemas.resources.add(key=type_).value.block, held)

    def service(self, call: Any) -> Any:
        if not call.method.startswith("/tfplugin6.Provider/"):  # streams of the plugin system, not needed
            return None
        answers: dict[str, Callable[[bytes], bytes]] = {
            "GetProviderSchema": lambda _: self.schemas.SerializeToString(),
            "PlanResourceChange": self._planned,
        }
        answer = answers.get(call.method.rpartition("/")[2], lambda _: b"")
        return grpc.unary_unary_rpc_method_handler(lambda asked, _: answer(asked))  # type: ignore[no-untyped-call]

    def _planned(self, asked: bytes) -> bytes:
        """What is asked for; what nobody gave and the service decides is known after apply."""
        request = self.messages["PlanRequest"].FromString(asked)
        value = msgpack.unpackb(request.proposed.msgpack, ext_hook=msgpack.ExtType, strict_map_key=False)
        for name in self.computed[request.type_name] if value is not None else ():
            value[name] = UNKNOWN if value[name] is None else value[name]
        response = self.messages["PlanResponse"]()
        response.planned.msgpack = msgpack.packb(value)
        return bytes(response.SerializeToString())


def _fill(block: Any, held: dict[str, Any]) -> None:
    for name, told in held.items():
        if isinstance(told, dict):
            nested = block.block_types.add(type_name=name, nesting=_LIST)
            nested.min_items, nested.max_items = told["min"], told["max"]
            _fill(nested.block, told["holds"])
        else:
            kind, *words = told.replace(" of ", "|").split()
            block.attributes.add(
                name=name,
                type=json.dumps(kind.split("|") if "|" in kind else kind).encode(),
                required="required" in words,
                optional="required" not in words and "only" not in words,
                computed="computed" in words,
            )


@contextmanager
def provider() -> Iterator[dict[str, str]]:
    """The environment in which Terraform finds it, without `init`, for as long as the block runs."""
    handler = _Google(json.loads(SCHEMA.read_text("utf-8")))
    server = grpc.server(ThreadPoolExecutor(2), handlers=[handler])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    where = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
    told = {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": where}
    try:
        yield {"TF_REATTACH_PROVIDERS": json.dumps({ADDRESS: told})}
    finally:
        server.stop(None).wait()
