"""Every generated file is what the code says now."""

import json
import os

import jsonschema
import jsonschema_rs
import pytest
import schemathesis

from contracts import facts, files, openapi

ADVICE = f"run `{files.COMMAND}` and commit what it writes"


@pytest.fixture
def settled(monkeypatch):
    """Settings with which every app can be built; forgotten afterwards."""
    from services.chassis import settings

    with monkeypatch.context() as patch:
        before = dict(os.environ)
        openapi.settle()
        settings.forget()
        yield
        for name in set(os.environ) - set(before):
            patch.delenv(name)
            os.environ.pop(name, None)
    settings.forget()


def test_the_files_about_facts_are_those_of_the_code():
    wanted = files.generated_facts()
    assert files.differing(wanted) == [], ADVICE
    assert files.left_over(wanted) == [], "delete them, or publish the fact again"


@pytest.mark.parametrize("service", openapi.SERVICES)
def test_the_http_contract_is_that_of_the_app(service, settled):
    assert files.differing(files.generated_http(service)) == [], ADVICE


@pytest.mark.parametrize("service", openapi.SERVICES)
def test_the_http_contract_is_openapi(service):
    document = json.loads((files.ROOT / "http" / f"{service}.json").read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1")
    schemathesis.openapi.from_dict(document).validate()
    unresolved = [each for each in references(document) if resolve(document, each) is None]
    assert unresolved == []


def test_a_document_that_is_no_openapi_is_refused():
    with pytest.raises(jsonschema_rs.ValidationError):
        schemathesis.openapi.from_dict(
            {"openapi": "3.1.0", "info": {"title": "x"}, "paths": {"/x": {"get": {"responses": 7}}}}
        ).validate()


def test_asyncapi_is_asyncapi():
    document = committed_asyncapi()
    meta_schema().validate(document)
    assert [each for each in references(document) if resolve(document, each) is None] == []
    for each in facts.published():
        assert f"{each.owner}.sends.{each.name}" in document["operations"]
        for reader in each.readers:
            assert f"{reader}.receives.{each.name}" in document["operations"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda document: document.pop("info"),
        lambda document: document["servers"]["rabbitmq"].pop("protocol"),
        lambda document: next(iter(document["operations"].values())).update(action="publish"),
        lambda document: next(iter(document["channels"].values()))["bindings"]["amqp"].update(
            {"is": "topic"}
        ),
    ],
)
def test_asyncapi_that_is_none_is_refused(spoil):
    document = committed_asyncapi()
    spoil(document)
    assert not meta_schema().is_valid(document)


def test_a_file_that_was_edited_by_hand_is_found(tmp_path, monkeypatch):
    place = tmp_path / "contracts" / "catalogue.json"
    place.parent.mkdir()
    place.write_text("[]", encoding="utf-8")
    monkeypatch.setattr(files, "ROOT", place.parent)
    assert files.differing({place: "[1]\n", place.with_name("new.json"): ""}) == [
        "contracts/catalogue.json",
        "contracts/new.json",
    ]
    assert files.differing({place: "[]"}) == []


def committed_asyncapi() -> dict:
    return json.loads((files.ROOT / "asyncapi.json").read_text(encoding="utf-8"))


def meta_schema() -> jsonschema.Draft7Validator:
    place = files.ROOT.parent / "tests" / "contract" / "data" / "asyncapi-3.0.0.json"
    return jsonschema.Draft7Validator(json.loads(place.read_text(encoding="utf-8")))


def references(value: object) -> list[str]:
    """Every `$ref` inside a document."""
    if isinstance(value, list):
        return [found for each in value for found in references(each)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for each in value.values() for found in references(each)]


def resolve(document: object, reference: str) -> object:
    """What a reference inside a document points to; None for nothing."""
    current = document
    for part in reference.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        current = current.get(name) if isinstance(current, dict) else None
    return current
