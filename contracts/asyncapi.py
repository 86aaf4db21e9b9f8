"""The AsyncAPI 3.0 document: exchanges, routing keys, CloudEvents headers, and which service sends and receives what."""

from collections.abc import Mapping, Sequence
from typing import Any

from contracts import json_schema
from contracts.catalogue import SCOPES
from contracts.facts import Published

BINDING = "0.3.0"


def document(facts: Sequence[Published], examples: Mapping[str, Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """The document. `examples` are golden data by fact name."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Bekhedmetkom facts",
            "version": "1",
            "description": "What the services tell each other over RabbitMQ: CloudEvents 1.0 in binary content mode."
            " A ministry's own account may bind a queue to `*.*.<its code>` on `routing.events`.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "rabbitmq": {
                "host": "localhost:5672",
                "protocol": "amqp",
                "protocolVersion": "0-9-1",
                "description": "The address of an installation is its setting AMQP_URI.",
            }
        },
        "channels": {each.name: _channel(each) for each in facts},
        "operations": {
            **{f"{each.owner}.sends.{each.name}": _sends(each) for each in facts},
            **{
                f"{reader}.receives.{each.name}": _receives(each, reader)
                for each in facts
                for reader in each.readers
            },
        },
        "components": {
            "messages": {each.name: _message(each, examples.get(each.name, ())) for each in facts},
            "schemas": {"headers": _HEADERS},
        },
    }


def _channel(each: Published) -> dict[str, Any]:
    return {
        "address": f"{each.name}.{{scope}}",
        "title": each.name,
        "description": each.fact.description,
        "servers": [{"$ref": "#/servers/rabbitmq"}],
        "parameters": {
            "scope": {"description": f"The last word of the routing key: {SCOPES[each.owner]}."},
        },
        "messages": {each.name: {"$ref": f"#/components/messages/{each.name}"}},
        "bindings": {
            "amqp": {
                "is": "routingKey",
                "exchange": {
                    "name": f"{each.owner}.events",
                    "type": "topic",
                    "durable": True,
                    "autoDelete": False,
                },
                "bindingVersion": BINDING,
            }
        },
    }


def _sends(each: Published) -> dict[str, Any]:
    return {
        "action": "send",
        "channel": {"$ref": f"#/channels/{each.name}"},
        "summary": each.fact.description,
        "messages": [{"$ref": f"#/channels/{each.name}/messages/{each.name}"}],
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING}},
    }


def _receives(each: Published, reader: str) -> dict[str, Any]:
    fields = ", ".join(sorted(each.readers[reader].schema().fields))
    return {
        "action": "receive",
        "channel": {"$ref": f"#/channels/{each.name}"},
        "summary": f"{reader} takes it from its queue `{reader}.inbox` and reads {fields}.",
        "messages": [{"$ref": f"#/channels/{each.name}/messages/{each.name}"}],
        "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING}},
    }


def _message(each: Published, examples: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": f"bekhedmetkom.{each.name}",
        "title": each.name,
        "summary": each.fact.description,
        "contentType": "application/json",
        "correlationId": {"location": "$message.header#/ce-correlationid"},
        "headers": {
            "allOf": [
                {"$ref": "#/components/schemas/headers"},
                {
                    "type": "object",
                    "properties": {
                        "ce-type": {"const": f"bekhedmetkom.{each.name}"},
                        "ce-source": {"const": f"/bekhedmetkom/{each.owner}"},
                    },
                },
            ]
        },
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": json_schema.of(each),
        },
        "examples": [{"payload": example} for example in examples],
        "bindings": {
            "amqp": {"messageType": f"bekhedmetkom.{each.name}", "bindingVersion": BINDING},
        },
    }


_UUID = {"type": "string", "format": "uuid"}

#: The CloudEvents attributes, as services/chassis/event.py writes them.
_HEADERS = {
    "type": "object",
    "required": [
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-specversion",
        "ce-time",
        "ce-subject",
        "ce-sequence",
        "ce-correlationid",
    ],
    "properties": {
        "ce-id": {**_UUID, "description": "Also the AMQP message_id. The same id again is the same fact."},
        "ce-source": {"type": "string", "description": "Which service states it."},
        "ce-type": {"type": "string", "description": "Which fact, and its version."},
        "ce-specversion": {"const": "1.0"},
        "ce-time": {"type": "string", "format": "date-time", "description": "When it was recorded, UTC."},
        "ce-subject": {**_UUID, "description": "The complaint that it is about."},
        "ce-sequence": {
            "type": "string",
            "pattern": "^[1-9][0-9]{0,9}$",
            "description": "1, 2, 3… without gaps for each source and subject.",
        },
        "ce-correlationid": {"type": "string", "maxLength": 64, "description": "The request that began it."},
        "ce-causationid": {**_UUID, "description": "The fact that led to it; absent when a request did."},
        "ce-traceparent": {"type": "string", "description": "W3C trace context; absent when none."},
    },
}
