"""The public document: composed from the services' contracts, whole, and true to the routes."""

import re
from typing import Any

import pytest

from gateway.api import contracts, docs, public, staff
from gateway.api.routes import Route


def service(path: str, schemas: dict[str, Any], answer: str = "Thing") -> dict[str, Any]:
    """The document of a service with one operation."""
    return {
        "paths": {
            path: {
                "parameters": [
                    {"in": "path", "name": "typed", "required": True, "schema": {"type": "string"}}
                ],
                "get": {
                    "summary": "Reads.",
                    "responses": {
                        "200": {
                            "description": "OK",
                            "content": {
                                "application/json": {"schema": {"$ref": f"#/components/schemas/{answer}"}}
                            },
                        },
                        "default": {"$ref": "#/components/responses/DEFAULT_ERROR"},
                    },
                },
            }
        },
        "components": {
            "schemas": {"Problem": {"type": "object"}, **schemas},
            "responses": {
                "DEFAULT_ERROR": {
                    "description": "Error",
                    "content": {
                        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                    },
                }
            },
        },
    }


def references(value: Any) -> set[str]:
    """Everything that a document refers to."""
    if isinstance(value, dict):
        return {value["$ref"]} if "$ref" in value else set().union(*map(references, value.values()), set())
    return set().union(*map(references, value), set()) if isinstance(value, list) else set()


def resolves(document: dict[str, Any], reference: str) -> bool:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        if part not in found:
            return False
        found = found[part]
    return True


ONE = Route("GET", "/v1/things/{number}", "one", "/things/{number}", limit="reading")
TWO = Route("GET", "/v1/others/{number}", "two", "/others/{number}", limit="reading", roles=("officer",))


def test_every_route_is_described_by_the_service_that_owns_it():
    document = docs.document()
    assert document["openapi"] == "3.1.0"
    for route in docs.ROUTES:
        operation = document["paths"][route.path][route.method.lower()]
        assert operation["summary"], route
        names = {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"}
        assert names == {part[1:-1] for part in route.path.split("/") if part.startswith("{")}, route
        assert operation["security"] == ([] if "public" in route.roles else [{"staff": []}])
        assert {"429", "503"} <= set(operation["responses"])
    assert set(document["paths"]) == {route.path for route in docs.ROUTES}


def test_nothing_in_the_document_leads_nowhere():
    document = docs.document()
    found = references(document)
    assert found
    assert [each for each in sorted(found) if not resolves(document, each)] == []
    assert set(document["components"]["securitySchemes"]) == {"staff"}


def test_the_guard_sees_a_reference_that_leads_nowhere():
    assert not resolves({"components": {"schemas": {}}}, "#/components/schemas/Gone")


def test_the_path_parameter_has_the_gateway_s_name():
    document = docs.compose([ONE], {"one": service("/things/{typed}", {"Thing": {"type": "string"}})})
    [parameter] = document["paths"]["/v1/things/{number}"]["get"]["parameters"]
    assert parameter["name"] == "number"


def test_one_name_for_two_shapes_is_told_apart():
    documents = {
        "one": service("/things/{typed}", {"Thing": {"type": "string"}}),
        "two": service("/others/{typed}", {"Thing": {"type": "integer"}}),
    }
    schemas = docs.compose([ONE, TWO], documents)["components"]["schemas"]
    assert schemas["Thing"] == {"type": "string"}
    assert schemas["TwoThing"] == {"type": "integer"}


def test_a_name_is_told_apart_also_when_only_what_it_refers_to_differs():
    thing = {"properties": {"inner": {"$ref": "#/components/schemas/Inner"}}}
    documents = {
        "one": service("/things/{typed}", {"Thing": thing, "Inner": {"type": "string"}}),
        "two": service("/others/{typed}", {"Thing": thing, "Inner": {"type": "integer"}}),
    }
    document = docs.compose([ONE, TWO], documents)
    schemas = document["components"]["schemas"]
    assert schemas["TwoThing"]["properties"]["inner"]["$ref"].endswith("/TwoInner")
    assert schemas["Thing"]["properties"]["inner"]["$ref"].endswith("/Inner")
    assert all(resolves(document, each) for each in references(document))


def test_a_schema_that_refers_to_itself_is_taken_once():
    tree = {"properties": {"children": {"items": {"$ref": "#/components/schemas/Tree"}}}}
    document = docs.compose([ONE], {"one": service("/things/{typed}", {"Tree": tree}, answer="Tree")})
    assert document["components"]["schemas"]["Tree"] == tree


def test_a_route_to_an_operation_that_is_not_there_is_refused():
    with pytest.raises(docs.NotInContract, match="one has no GET /things"):
        docs.compose([ONE], {"one": service("/elsewhere/{typed}", {"Thing": {}})})


def test_it_is_served_as_json_and_as_a_page(gateway):
    client = gateway()
    assert client.get("/openapi.json").get_json() == docs.document()
    for path, schema, routes in (
        ("/docs", "Submission", public.ROUTES),
        ("/docs/staff", "CaseDesk", staff.ROUTES),
    ):
        page = client.get(path).get_data(as_text=True)
        for route in routes:
            assert route.path in page
        assert f'id="schema-{schema}"' in page
        shown = set(re.findall(r'id="(schema-\w+)"', page))
        assert set(re.findall(r'href="#(schema-\w+)"', page)) <= shown


def test_the_bounds_of_a_field_come_from_the_contract():
    from gateway.web import filing

    text = contracts.schema("intake", "Submission")["properties"]["text"]
    assert filing.bounds() == (text["minLength"], text["maxLength"])
