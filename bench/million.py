"""Fills each service's tables with as many complaints as a platform has after years, by set-based SQL: rows as the services write them."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy

from bench.stack import Stack
from services.chassis.partitions import partition_statements
from services.reporting import figures

DAYS = 365
CHUNK = 100_000
KEPT_DAYS = 30
"""Inbox rows of settled events are removed after so many days."""

# One row per complaint, from which all tables are filled. Ids are UUIDv7 of the time of receipt, as the services make them.
_SEED = f"""
    CREATE UNLOGGED TABLE bench_seed AS
    WITH offices AS (
        SELECT category, institution, id AS rule_id, row_number() OVER () - 1 AS nth, count(*) OVER () AS of
        FROM routing.rule WHERE governorate IS NULL
    ), officers AS (
        SELECT institution, array_agg(id ORDER BY id) AS ids FROM routing.officer WHERE rank IN ('main', 'sub') GROUP BY 1
    ), drawn AS (
        SELECT n, now() - interval '1 hour' - (%(count)s - n) * (interval '{DAYS} days' / %(count)s) AS at, random() AS r,
               floor(random() * 1000)::int AS category_number FROM generate_series(1, %(count)s) n
    )
    SELECT d.n, d.at, bench_id(d.at) AS id, bench_id(d.at) AS received_event, bench_id(d.at + interval '80 ms') AS assigned_event,
           bench_id(d.at + interval '80 ms') AS promised_event, o.category, o.institution, o.rule_id,
           f.ids[1 + d.n %% cardinality(f.ids)] AS officer_id,
           (ARRAY['JO-AM','JO-AM','JO-AM','JO-IR','JO-AZ','JO-BA','JO-MN','JO-KA','JO-MA','JO-AJ','JO-JA','JO-MD','JO-AT','JO-AQ'])
               [1 + (d.r * 14)::int %% 14] AS governorate,
           (ARRAY['complaint','complaint','complaint','complaint','question','suggestion','report'])[1 + d.n %% 7] AS kind,
           (ARRAY['web','web','mobile','call_centre'])[1 + d.n %% 4] AS channel,
           CASE WHEN d.r < 0.25 THEN 'en' ELSE 'ar' END AS language, d.r > 0.8 AS anonymous, d.n %% 5 < 3 AS email,
           date_trunc('day', d.at) + interval '14 days 12 hours' AS due_at
    FROM drawn d JOIN offices o ON o.nth = d.category_number %% o.of JOIN officers f ON f.institution = o.institution
"""
_ID = """
    CREATE FUNCTION bench_id(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
        SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' ||
                substr(replace(gen_random_uuid()::text, '-', ''), 14, 3) || '8' ||
                substr(replace(gen_random_uuid()::text, '-', ''), 18, 15))::uuid $$
"""
# A sealed contact is about this long; what is in it nobody opens here.
_SEALED = "repeat('c2VhbGVk', 45)"
_RECENT = f"s.at > now() - interval '{KEPT_DAYS} days'"


def _outbox(service: str, type: str, event: str, sequence: int, data: str, scope: str = "'-'") -> str:
    cause = "NULL" if service == "intake" else "s.received_event"
    return f"""INSERT INTO {service}.outbox (recorded_at, event_id, type, version, subject, sequence, scope, correlation_id,
        causation_id, data, published_at)
        SELECT s.at, {event}, '{type}', 1, s.id, {sequence}, {scope}, s.received_event::text, {cause}, ({data})::json, s.at
        FROM chunk s"""


def _inbox(reader: str, source: str, type: str, event: str, sequence: int) -> str:
    return f"""INSERT INTO {reader}.inbox (event_id, source, subject, sequence, type, received_at)
        SELECT {event}, '{source}', s.id, {sequence}, '{type}', s.at FROM chunk s WHERE {_RECENT}"""


def _counter(service: str, last: int) -> str:
    return f"INSERT INTO {service}.outbox_sequence SELECT s.id, {last} FROM chunk s"


def _cursor(reader: str, source: str, last: int) -> str:
    return f"INSERT INTO {reader}.inbox_cursor SELECT '{source}', s.id, {last} FROM chunk s"


_RECEIVED = f"""json_build_object('complaint_id', s.id, 'kind', s.kind, 'category', s.category, 'governorate', s.governorate,
    'language', s.language, 'channel', s.channel, 'anonymous', s.anonymous, 'received_at', s.at,
    'sealed', CASE WHEN NOT s.anonymous THEN {_SEALED} END)"""
_ASSIGNED = f"""json_build_object('complaint_id', s.id, 'institution', s.institution, 'institution_name',
    json_build_object('ar', 'مؤسسة عامة', 'en', 'A public body'), 'officer_id', s.officer_id, 'reason', 'least_loaded',
    'rule_id', s.rule_id, 'category', s.category, 'governorate', s.governorate, 'kind', s.kind, 'assigned_at', s.at, 'sealed', {_SEALED})"""
_PROMISED = "json_build_object('complaint_id', s.id, 'due_at', s.due_at, 'working_days', 10, 'set_at', s.at)"

_INTAKE = (
    """INSERT INTO intake.complaint (id, tracking_hash, received_at, kind, category, governorate, language, channel, anonymous, text)
       SELECT s.id, sha256(s.id::text::bytea), s.at, s.kind, s.category, s.governorate, s.language, s.channel, s.anonymous,
              repeat('انقطعت الخدمة عن الحي منذ ثلاثة أيام ولم يصل أحد. ', 1 + mod(s.n, 6)) FROM chunk s""",
    """INSERT INTO intake.complainant (complaint_id, wrapped_key, sealed)
       SELECT s.id, sha256(s.id::text::bytea) || sha256('k'), repeat('sealed!!', 30)::bytea FROM chunk s WHERE NOT s.anonymous""",
    """INSERT INTO intake.progress (complaint_id, sequence, at, status, institution, institution_name, due_at)
       SELECT s.id, 1, s.at, 'assigned', s.institution, '{"ar": "مؤسسة عامة", "en": "A public body"}'::jsonb, NULL::timestamptz FROM chunk s
       UNION ALL SELECT s.id, 2, s.at, NULL, NULL, NULL, s.due_at FROM chunk s""",
    """INSERT INTO intake.open_complaint (complaint_id, status, institution, words)
       SELECT c.id, 'assigned', s.institution, intake.search_words(concat_ws(' ', c.title, left(c.text, 2000)))
       FROM chunk s JOIN intake.complaint c ON c.id = s.id""",
    _outbox("intake", "ComplaintReceived", "s.received_event", 1, _RECEIVED),
    _counter("intake", 1),
    _inbox("intake", "routing", "ComplaintAssigned", "s.assigned_event", 1),
    _inbox("intake", "routing", "PromiseSet", "s.promised_event", 2),
    _cursor("intake", "routing", 2),
)
_ROUTING = (
    """INSERT INTO routing.cases (complaint_id, kind, category, governorate, language, status, institution, rule_id, officer_id,
           reason, load, received_at, assigned_at, due_at, working_days, version)
       SELECT s.id, s.kind, s.category, s.governorate, s.language, 'assigned', s.institution, s.rule_id, s.officer_id,
              'least_loaded', 1, s.at, s.at, s.due_at, 10, 2 FROM chunk s""",
    """INSERT INTO routing.case_event (complaint_id, number, action, actor, at, details)
       SELECT s.id, 1, 'assigned', 'system', s.at,
              jsonb_build_object('institution', s.institution, 'rule', s.rule_id, 'reason', 'least_loaded', 'officer', s.officer_id)
       FROM chunk s
       UNION ALL SELECT s.id, 2, 'promised', 'system', s.at, jsonb_build_object('due_at', s.due_at, 'working_days', 10) FROM chunk s""",
    _outbox("routing", "ComplaintAssigned", "s.assigned_event", 1, _ASSIGNED, "s.institution"),
    _outbox("routing", "PromiseSet", "s.promised_event", 2, _PROMISED, "s.institution"),
    _counter("routing", 2),
    _inbox("routing", "intake", "ComplaintReceived", "s.received_event", 1),
    _cursor("routing", "intake", 1),
    """UPDATE routing.officer_load l SET open = l.open + c.cases, ever = l.ever + c.cases
       FROM (SELECT officer_id, count(*)::int AS cases FROM chunk GROUP BY 1) c WHERE c.officer_id = l.officer_id""",
)
# Three notices for the complainant by SMS and, of three in five, by mail too; one mail for the officer.
_MESSAGES = """
    CREATE TEMP TABLE notices ON COMMIT DROP AS
    SELECT bench_id(s.at + interval '100 ms') AS id, bench_id(s.at + interval '200 ms') AS event, s.id AS complaint_id, s.at,
           s.language, s.received_event, t.template, t.event_id, t.recipient, t.channel,
           row_number() OVER (PARTITION BY s.id) AS sequence
    FROM chunk s CROSS JOIN LATERAL (
        SELECT x.template, x.event_id, 'complainant' AS recipient, c.channel
        FROM (VALUES ('received', s.received_event), ('assigned', s.assigned_event), ('promised', s.promised_event)) x(template, event_id)
        CROSS JOIN (VALUES ('sms'), ('email')) c(channel)
        WHERE NOT s.anonymous AND (c.channel = 'sms' OR s.email)
        UNION ALL SELECT 'officer_assigned', s.assigned_event, 'officer:' || s.officer_id, 'email'
    ) t
"""
_NOTIFICATION = (
    f"""INSERT INTO notification.recipient (complaint_id, key, language, sms, email, portal_only, sealed, created_at)
        SELECT s.id, 'complainant', s.language, NOT s.anonymous, s.email AND NOT s.anonymous, false,
               CASE WHEN NOT s.anonymous THEN {_SEALED} END, s.at FROM chunk s
        UNION ALL SELECT s.id, 'officer:' || s.officer_id, 'ar', false, true, false, {_SEALED}, s.at FROM chunk s""",
    _MESSAGES,
    """INSERT INTO notification.message (id, complaint_id, event_id, recipient, channel, template, language, parameters,
           correlation_id, state, not_before, created_at, attempts, parts, sent_at, finished_at)
       SELECT id, complaint_id, event_id, recipient, channel, template, language, '{}', received_event::text,
              CASE channel WHEN 'sms' THEN 'delivered' ELSE 'sent' END, at, at, 1, 1, at, at FROM notices""",
    """INSERT INTO notification.sms_part (provider_id, message_id, number, state)
       SELECT substr(md5(id::text), 1, 16), id, 1, 'delivered' FROM notices WHERE channel = 'sms'""",
    """INSERT INTO notification.outbox (recorded_at, event_id, type, version, subject, sequence, scope, correlation_id, data, published_at)
       SELECT at, event, 'NotificationDelivered', 1, complaint_id, sequence, '-', received_event::text,
              json_build_object('complaint_id', complaint_id, 'message_id', id, 'template', template, 'channel', channel,
                  'audience', split_part(recipient, ':', 1), 'at', at, 'reason', 'receipt'), at FROM notices""",
    "INSERT INTO notification.outbox_sequence SELECT complaint_id, max(sequence) FROM notices GROUP BY 1",
    f"""INSERT INTO reporting.inbox (event_id, source, subject, sequence, type, received_at)
        SELECT s.event, 'notification', s.complaint_id, s.sequence, 'NotificationDelivered', s.at FROM notices s WHERE {_RECENT}""",
    "INSERT INTO reporting.inbox_cursor SELECT 'notification', complaint_id, max(sequence) FROM notices GROUP BY complaint_id",
    _inbox("notification", "intake", "ComplaintReceived", "s.received_event", 1),
    _inbox("notification", "routing", "ComplaintAssigned", "s.assigned_event", 1),
    _inbox("notification", "routing", "PromiseSet", "s.promised_event", 2),
    _cursor("notification", "intake", 1),
    _cursor("notification", "routing", 2),
)
_REPORTING = (
    """INSERT INTO reporting.complaint (complaint_id, kind, category, governorate, channel, received_at, status, institution,
           assigned_at, due_at, overdue, notices_delivered)
       SELECT s.id, s.kind, s.category, s.governorate, s.channel, s.at, 'assigned', s.institution, s.at, s.due_at, s.due_at < now(),
              (SELECT count(*) FROM notices n WHERE n.complaint_id = s.id) FROM chunk s""",
    _inbox("reporting", "intake", "ComplaintReceived", "s.received_event", 1),
    _inbox("reporting", "routing", "ComplaintAssigned", "s.assigned_event", 1),
    _inbox("reporting", "routing", "PromiseSet", "s.promised_event", 2),
    _cursor("reporting", "intake", 1),
    _cursor("reporting", "routing", 2),
)
_NAMES = """
    INSERT INTO reporting.institution (code, name_ar, name_en)
    SELECT code, name_ar, name_en FROM routing.institution ON CONFLICT DO NOTHING
"""


def store(stack: Stack, count: int, log: Callable[[str], None]) -> dict[str, Any]:
    """Adds `count` complaints to whatever there is, spread over the last year."""
    began = time.monotonic()
    with closing(stack.databases.connect()) as connection, connection.cursor() as cursor:
        # Nothing else runs; a crash would only mean to start again.
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET session_replication_role = replica")
        for service in ("intake", "routing", "notification"):
            cursor.execute(f"SET search_path TO {service}")
            for statement in partition_statements(datetime.now(UTC) - timedelta(days=DAYS + 1), months=14):
                cursor.execute(statement)
        cursor.execute("SET search_path TO public")
        cursor.execute(_ID)
        cursor.execute(_SEED, {"count": count})
        cursor.execute("CREATE INDEX ON bench_seed (n)")
        for first in range(1, count + 1, CHUNK):
            _chunk(cursor, first, min(count, first + CHUNK - 1))
            log(f"    {min(count, first + CHUNK - 1):,} stored after {time.monotonic() - began:.0f} s")
        cursor.execute(_NAMES)
        cursor.execute("DROP TABLE bench_seed")
        cursor.execute("DROP FUNCTION bench_id")
    rebuild(stack)
    stack.rows("VACUUM (ANALYZE)")
    size = stack.rows("SELECT pg_database_size(current_database())")[0][0]
    return {
        "complaints": stack.rows("SELECT count(*) FROM intake.complaint")[0][0],
        "messages": stack.rows("SELECT count(*) FROM notification.message")[0][0],
        "cells": stack.rows("SELECT count(*) FROM reporting.figure")[0][0],
        "gigabytes": round(size / 1e9, 2),
        "seconds": round(time.monotonic() - began, 1),
    }


def _chunk(cursor: Any, first: int, last: int) -> None:
    cursor.execute("BEGIN")
    cursor.execute(
        "CREATE TEMP TABLE chunk ON COMMIT DROP AS SELECT * FROM bench_seed WHERE n BETWEEN %s AND %s",
        (first, last),
    )
    cursor.execute("ANALYZE chunk")
    for statement in (*_INTAKE, *_ROUTING, *_NOTIFICATION):
        cursor.execute(statement)
        if statement is _MESSAGES:
            cursor.execute("CREATE INDEX ON notices (complaint_id)")
            cursor.execute("ANALYZE notices")
    for statement in _REPORTING:
        cursor.execute(statement)
    cursor.execute("COMMIT")


def rebuild(stack: Stack) -> None:
    """Has reporting count its figures anew, by its own code."""
    url = sqlalchemy.make_url(stack.databases.urls["reporting"]).set(drivername="postgresql+psycopg2")
    engine = sqlalchemy.create_engine(url, connect_args={"options": "-c search_path=reporting"})
    with engine.begin() as connection:
        figures.rebuild(connection)
    engine.dispose()
