"""The books of a real run balance, and when they are spoilt the reconciler says where."""

import dataclasses
from contextlib import closing

import pytest

from services.cli import keys
from tests.chaos import settle
from tests.chaos.clients import Clients, filings
from tests.chaos.reconcile import Books
from tests.chaos.rules import RULES
from tests.chaos.sabotage import SABOTAGES
from tests.chaos.sinks import Sinks
from tests.support.deployment import Deployment

COMPLAINTS = 25


@pytest.fixture(scope="module")
def run(database_template, rabbit):
    """(database, filings, mails, texts) after some complaints have gone all their way."""
    databases, vhost, sinks = database_template.copy(), rabbit.create_vhost(), Sinks()
    deployment = Deployment(
        {
            **databases.environment,
            **keys.generate(),
            **sinks.environment,
            "AMQP_URI": vhost.uri,
            "LIMITS": "false",
            "QUIET_HOURS": "off",
        }
    )
    try:
        deployment.command("topology", "declare")
        deployment.command("seed")
        # A body without anybody present, so that there are unowned cases too.
        databases.rows(
            "routing",
            "UPDATE officer SET present = false WHERE institution IN "
            "(SELECT institution FROM rule WHERE governorate IS NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 3)",
        )
        deployment.start()
        clients = Clients(deployment.gateway, filings(5, COMPLAINTS), rate=20.0, workers=4)
        clients.start()
        clients.finish(30)
        with closing(databases.connect()) as connection:
            _, left = settle.wait(connection, 60)
        assert not left
        yield databases, clients.filings, sinks.messages("smtp"), sinks.messages("smpp")
    finally:
        deployment.close()
        sinks.close()
        vhost.drop()
        databases.drop()


@pytest.fixture
def books(run):
    databases, filed, mails, texts = run
    with closing(databases.connect()) as connection:
        connection.autocommit = False
        yield Books(
            connection,
            [dataclasses.replace(each, answers=list(each.answers)) for each in filed],
            mails,
            texts,
        )
        connection.rollback()


def test_the_books_of_a_calm_run_balance(books):
    findings = books.balance()
    assert [finding for finding in findings if not finding.ok] == []
    figures = books.figures()
    assert figures["answered_201"] == figures["stored"] == COMPLAINTS
    # What the rules are held against is there: otherwise they would hold of nothing.
    assert figures["cases"].keys() == {"assigned", "received"}
    assert figures["arrived"]["mails"] > COMPLAINTS
    assert figures["arrived"]["texts"] > COMPLAINTS


@pytest.mark.parametrize("name", SABOTAGES)
def test_spoilt_books_do_not_balance(books, name):
    SABOTAGES[name].spoil(books)
    broken = {finding.text for finding in books.balance() if not finding.ok}
    assert broken >= set(SABOTAGES[name].found_by)


def test_every_sabotage_is_to_be_found_by_a_rule_that_there_is(books):
    known = {rule.text for rule in RULES} | {finding.text for finding in books.balance()}
    assert {text for sabotage in SABOTAGES.values() for text in sabotage.found_by} <= known
