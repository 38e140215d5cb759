"""JSON in the words of the HTTP API: lowerCamelCase, all numbers as numbers, enums in lower case
without their prefix, times in RFC 3339. Protobuf's own JSON has strings for 64-bit numbers."""

from collections.abc import Callable
from typing import Any, TypeVar

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

M = TypeVar("M", bound=Message)
LONG = {
    FieldDescriptor.CPPTYPE_INT64,
    FieldDescriptor.CPPTYPE_UINT64,
}


def prefix(enum: EnumDescriptor) -> str:
    """ORDER_STATUS_ of OrderStatus: what every value of it begins with."""
    zero = next(value.name for value in enum.values if value.number == 0)
    return str(zero).removesuffix("UNSPECIFIED")


def short(enum: EnumDescriptor, name: str) -> str:
    return name.removeprefix(prefix(enum)).lower().replace("_", "-")


def full(enum: EnumDescriptor, name: str) -> str:
    return prefix(enum) + name.upper().replace("-", "_")


def scalar_out(field: FieldDescriptor, value: Any) -> Any:
    if field.enum_type is not None and isinstance(value, str):
        return short(field.enum_type, value)
    return int(value) if field.cpp_type in LONG else value


def scalar_in(field: FieldDescriptor, value: Any) -> Any:
    known = field.enum_type is not None and isinstance(value, str)
    if known and value not in field.enum_type.values_by_name:
        return full(field.enum_type, value)
    return value


def each(fields: Any, descriptor: Descriptor, change: Callable[[FieldDescriptor, Any], Any]) -> Any:
    """The same object with every scalar changed; what is no field of the message stays."""
    if not isinstance(fields, dict):  # a time, which is text
        return fields
    known = {field.json_name: field for field in descriptor.fields}

    def changed(field: FieldDescriptor, value: Any) -> Any:
        if isinstance(value, list):
            return [changed(field, one) for one in value]
        if field.message_type is not None:
            return each(value, field.message_type, change)
        return change(field, value)

    return {name: changed(known[name], v) if name in known else v for name, v in fields.items()}


def to_words(message: Message) -> dict[str, Any]:
    """Every scalar is present."""
    plain = json_format.MessageToDict(message, including_default_value_fields=True)
    made: dict[str, Any] = each(plain, message.DESCRIPTOR, scalar_out)
    return made


def from_words(kind: type[M], fields: dict[str, Any]) -> M:
    """What a newer server says beyond the message is left out."""
    plain = each(fields, kind.DESCRIPTOR, scalar_in)
    return json_format.ParseDict(plain, kind(), ignore_unknown_fields=True)
