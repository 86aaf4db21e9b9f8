"""What must hold between the stores when everything is quiet, as SQL over all schemas: each statement finds what breaks its rule.

A statement returns one text per offender, and nothing when the books balance. It is run as administrator: no service may read another's
tables, and so no service could check this.
"""

from dataclasses import dataclass

PRODUCERS = ("intake", "routing", "notification")
#: Who reads whose facts.
READERS = {
    "intake": ("routing",),
    "routing": ("intake",),
    "notification": ("intake", "routing"),
    "reporting": ("intake", "notification", "routing"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """`sql` finds offenders."""

    area: str
    text: str
    sql: str


def _log_rules(service: str) -> list[Rule]:
    """The event log of a producer."""
    return [
        Rule(
            service,
            "every fact of the log is published",
            f"""SELECT type || ' of ' || subject || ', refused ' || refusals || ' times' FROM {service}.outbox
                WHERE published_at IS NULL""",
        ),
        Rule(
            service,
            "sequences of a subject are 1, 2, 3… without gaps, and end where the counter stands",
            f"""SELECT coalesce(o.subject, s.subject) || ': ' || coalesce(o.sequences::text, 'no facts') || ', counter ' ||
                       coalesce(s.last::text, 'none')
                FROM (SELECT subject, array_agg(sequence ORDER BY sequence) AS sequences FROM {service}.outbox GROUP BY subject) o
                FULL JOIN {service}.outbox_sequence s ON s.subject = o.subject
                WHERE o.sequences IS DISTINCT FROM (SELECT array_agg(n) FROM generate_series(1, s.last) n)""",
        ),
        Rule(
            service,
            "the log holds the facts of a subject in the order of their sequence",
            f"""SELECT subject || ' at position ' || position FROM (
                    SELECT subject, position, sequence,
                           lag(sequence) OVER (PARTITION BY subject ORDER BY position) AS before FROM {service}.outbox) o
                WHERE sequence <> coalesce(before, 0) + 1""",
        ),
        Rule(
            service,
            "no event id is in the log twice",
            f"SELECT event_id::text FROM {service}.outbox GROUP BY event_id HAVING count(*) > 1",
        ),
    ]


def _inbox_rules(reader: str, sources: tuple[str, ...]) -> list[Rule]:
    """The inbox of a consumer."""
    rules = [
        Rule(
            reader,
            "nothing in the inbox waits or is to be tried again",
            f"""SELECT status || ' ' || type || ' of ' || subject || ': ' || coalesce(reason, '') FROM {reader}.inbox
                WHERE status IN ('waiting', 'retry')""",
        ),
        Rule(
            reader,
            "nothing is parked",
            f"""SELECT type || ' of ' || subject || ' by ' || coalesce(handler, '?') || ': ' || coalesce(reason, 'without a reason')
                FROM {reader}.inbox WHERE status IN ('parked', 'discarded')""",
        ),
    ]
    for source in sources:
        rules += [
            Rule(
                reader,
                f"every fact of {source} took effect, and nothing that is no fact of it",
                f"""SELECT coalesce(o.type, i.type) || ' of ' || coalesce(o.subject, i.subject) ||
                           CASE WHEN i.event_id IS NULL THEN ' has not come' ELSE ' was never stated' END
                    FROM {source}.outbox o
                    FULL JOIN (SELECT * FROM {reader}.inbox WHERE source = '{source}') i ON i.event_id = o.event_id
                    WHERE o.event_id IS NULL OR i.event_id IS NULL OR i.status <> 'done' OR i.sequence <> o.sequence""",
            ),
            Rule(
                reader,
                f"its cursors stand where the counters of {source} stand",
                f"""SELECT coalesce(s.subject, c.subject) || ': ' || coalesce(c.last, 0) || ' of ' || coalesce(s.last, 0)
                    FROM {source}.outbox_sequence s
                    FULL JOIN (SELECT * FROM {reader}.inbox_cursor WHERE source = '{source}') c ON c.subject = s.subject
                    WHERE s.last IS DISTINCT FROM c.last""",
            ),
        ]
    return rules


_INTAKE = [
    Rule(
        "intake",
        "every complaint was stated once, and nothing else was",
        """SELECT coalesce(c.id, o.subject) || ': ' || coalesce(o.stated, 0) || ' facts' FROM intake.complaint c
           FULL JOIN (SELECT subject, count(*) AS stated FROM intake.outbox WHERE type = 'ComplaintReceived' GROUP BY subject) o
             ON o.subject = c.id
           WHERE c.id IS NULL OR o.stated IS DISTINCT FROM 1""",
    ),
    Rule(
        "intake",
        "its progress is what routing stated",
        """SELECT coalesce(o.subject, p.complaint_id) || ' step ' || coalesce(o.sequence, p.sequence)
           FROM routing.outbox o
           FULL JOIN intake.progress p ON p.complaint_id = o.subject AND p.sequence = o.sequence
           WHERE o.event_id IS NULL OR p.complaint_id IS NULL
              OR (o.type = 'ComplaintAssigned' AND (p.status, p.institution) IS DISTINCT FROM ('assigned', o.data->>'institution'))
              OR (o.type IN ('PromiseSet', 'PromiseMoved') AND p.due_at IS DISTINCT FROM (o.data->>'due_at')::timestamptz)
              OR (o.type = 'AssignmentFailed' AND p.status IS DISTINCT FROM 'received')""",
    ),
    Rule(
        "intake",
        "what is open is found by its words with who has it, and nothing else is",
        """SELECT coalesce(k.complaint_id, f.complaint_id) || ': ' || coalesce(k.status, 'over') || ', found as '
                  || coalesce(f.status, 'nothing')
           FROM (SELECT * FROM routing.cases
                 WHERE status NOT IN ('answered', 'closed', 'referred', 'withdrawn', 'inadmissible', 'merged')) k
           FULL JOIN intake.open_complaint f ON f.complaint_id = k.complaint_id
           WHERE (k.status, k.receiver) IS DISTINCT FROM (f.status, f.receiver)
              OR (k.status <> 'received' AND k.institution IS DISTINCT FROM f.institution)""",
    ),
    Rule(
        "intake",
        "a named complainant has a sealed contact and an anonymous one has none",
        """SELECT c.id::text FROM intake.complaint c LEFT JOIN intake.complainant w ON w.complaint_id = c.id
           WHERE c.anonymous = (w.complaint_id IS NOT NULL)""",
    ),
]

_ROUTING = [
    Rule(
        "routing",
        "every complaint has one case and every case is a complaint's",
        """SELECT coalesce(c.id, k.complaint_id) || CASE WHEN c.id IS NULL THEN ' is in no intake' ELSE ' has no case' END
           FROM intake.complaint c FULL JOIN routing.cases k ON k.complaint_id = c.id
           WHERE c.id IS NULL OR k.complaint_id IS NULL
              OR (k.category, k.governorate, k.kind, k.received_at) IS DISTINCT FROM (c.category, c.governorate, c.kind, c.received_at)""",
    ),
    Rule(
        "routing",
        "a case is assigned by exactly one fact, or unowned and said to be so",
        """SELECT k.complaint_id || ': ' || k.status || ', assigned ' || coalesce(o.assigned, 0) || ' times, failed ' ||
                  coalesce(o.failed, 0) || ' times'
           FROM routing.cases k
           LEFT JOIN (SELECT subject, count(*) FILTER (WHERE type = 'ComplaintAssigned') AS assigned,
                             count(*) FILTER (WHERE type = 'AssignmentFailed') AS failed FROM routing.outbox GROUP BY subject) o
             ON o.subject = k.complaint_id
           WHERE NOT coalesce(
               (k.status = 'assigned' AND k.unowned_since IS NULL AND k.officer_id IS NOT NULL AND o.assigned = 1)
               OR (k.status = 'received' AND k.unowned_since IS NOT NULL AND o.assigned = 0 AND o.failed >= 1), false)""",
    ),
    Rule(
        "routing",
        "the fact says what the case says: body, officer, rule",
        """SELECT k.complaint_id::text FROM routing.cases k JOIN routing.outbox o ON o.subject = k.complaint_id
           WHERE o.type = 'ComplaintAssigned' AND (o.data->>'institution', o.data->>'officer_id', o.data->>'rule_id')
                 IS DISTINCT FROM (k.institution, k.officer_id::text, k.rule_id)""",
    ),
    Rule(
        "routing",
        "a case has a promise, stated once, unless its kind has none, and is due when it was last said to be",
        """SELECT k.complaint_id || ': ' || coalesce(o.promised, 0) || ' promises' FROM routing.cases k
           LEFT JOIN (SELECT subject, count(*) FILTER (WHERE type = 'PromiseSet') AS promised,
                             (array_agg(data->>'due_at' ORDER BY sequence DESC))[1]::timestamptz AS due_at FROM routing.outbox
                      WHERE type IN ('PromiseSet', 'PromiseMoved') GROUP BY subject) o ON o.subject = k.complaint_id
           JOIN routing.kind_term t ON t.kind = k.kind
           WHERE coalesce(o.promised, 0) <> (t.working_days IS NOT NULL)::int OR o.due_at IS DISTINCT FROM k.due_at""",
    ),
    Rule(
        "routing",
        "no fact is about a complaint without a case",
        "SELECT subject::text FROM routing.outbox WHERE subject NOT IN (SELECT complaint_id FROM routing.cases)",
    ),
    Rule(
        "routing",
        "the history of a case is numbered 1, 2, 3… up to its version, one entry for each fact",
        """SELECT k.complaint_id || ': version ' || k.version || ', entries ' || coalesce(e.numbers::text, 'none')
           FROM routing.cases k
           LEFT JOIN (SELECT complaint_id, array_agg(number ORDER BY number) AS numbers FROM routing.case_event GROUP BY 1) e
             USING (complaint_id)
           LEFT JOIN (SELECT subject, count(*)::int AS facts FROM routing.outbox GROUP BY subject) o ON o.subject = k.complaint_id
           WHERE e.numbers IS DISTINCT FROM (SELECT array_agg(n) FROM generate_series(1, k.version) n)
              OR o.facts IS DISTINCT FROM k.version""",
    ),
    Rule(
        "routing",
        "the load of each officer is the sum of their cases",
        """SELECT coalesce(l.officer_id, k.officer_id) || ': counted ' || coalesce(k.ever, 0) || ' cases, kept ' || coalesce(l.ever, 0)
           FROM routing.officer_load l
           FULL JOIN (SELECT officer_id, count(*) AS ever, sum(load) AS open FROM routing.cases WHERE officer_id IS NOT NULL
                      GROUP BY officer_id) k ON k.officer_id = l.officer_id
           WHERE coalesce(l.ever, 0) <> coalesce(k.ever, 0) OR coalesce(l.open, 0) <> coalesce(k.open, 0)""",
    ),
]

_REPORTING = [
    Rule(
        "reporting",
        "it knows every complaint as intake and routing know it",
        """SELECT coalesce(c.id, r.complaint_id)::text FROM intake.complaint c
           LEFT JOIN routing.cases k ON k.complaint_id = c.id
           FULL JOIN reporting.complaint r ON r.complaint_id = c.id
           WHERE c.id IS NULL OR r.complaint_id IS NULL
              OR (r.kind, r.category, r.governorate, r.channel, r.received_at)
                 IS DISTINCT FROM (c.kind, c.category, c.governorate, c.channel, c.received_at)
              OR (r.status, r.institution, r.due_at, r.unowned_since)
                 IS DISTINCT FROM (k.status, k.institution, k.due_at, k.unowned_since)""",
    ),
    Rule(
        "reporting",
        "notices are counted as notification stated them",
        """SELECT coalesce(r.complaint_id, o.subject) || ': ' || coalesce(r.notices_delivered, 0) || ' delivered and ' ||
                  coalesce(r.notices_failed, 0) || ' failed, stated ' || coalesce(o.delivered, 0) || ' and ' || coalesce(o.failed, 0)
           FROM reporting.complaint r
           FULL JOIN (SELECT subject, count(*) FILTER (WHERE type = 'NotificationDelivered') AS delivered,
                             count(*) FILTER (WHERE type = 'NotificationFailed') AS failed FROM notification.outbox GROUP BY subject) o
             ON o.subject = r.complaint_id
           WHERE coalesce(r.notices_delivered, 0) <> coalesce(o.delivered, 0) OR coalesce(r.notices_failed, 0) <> coalesce(o.failed, 0)""",
    ),
    Rule(
        "reporting",
        "the figures are a recount of the complaints",
        """SELECT coalesce(f.cell, c.cell) || ': kept ' || coalesce(f.kept::text, 'nothing') || ', counted ' ||
                  coalesce(c.counted::text, 'nothing')
           FROM (SELECT concat_ws(' ', day, institution, category, governorate, kind, channel, status) AS cell,
                        ARRAY[received, assigned, unowned, promised, notices_delivered, notices_failed] AS kept
                 FROM reporting.figure WHERE slice = 0 AND (received, assigned, unowned, promised, notices_delivered, notices_failed)
                      <> (0, 0, 0, 0, 0, 0)) f
           FULL JOIN (SELECT concat_ws(' ', (received_at AT TIME ZONE 'Asia/Amman')::date, coalesce(institution, '-'), category,
                                       governorate, kind, channel, status) AS cell,
                             ARRAY[count(*), count(assigned_at) FILTER (WHERE unowned_since IS NULL), count(unowned_since),
                                   count(due_at), sum(notices_delivered), sum(notices_failed)]::int[] AS counted
                      FROM reporting.complaint WHERE received_at IS NOT NULL GROUP BY 1) c ON c.cell = f.cell
           WHERE f.kept IS DISTINCT FROM c.counted""",
    ),
    Rule(
        "reporting",
        "the figures are those of intake, routing and notification",
        """SELECT 'slice ' || slice || ': ' || array_agg(kept ORDER BY slice)::text || ' instead of ' || max(told) FROM (
               SELECT slice, ARRAY[sum(received), sum(assigned), sum(unowned), sum(promised), sum(notices_delivered),
                                   sum(notices_failed)]::text AS kept,
                      (SELECT ARRAY[(SELECT count(*) FROM intake.complaint),
                                    (SELECT count(*) FROM routing.cases WHERE status = 'assigned'),
                                    (SELECT count(*) FROM routing.cases WHERE unowned_since IS NOT NULL),
                                    (SELECT count(*) FROM routing.outbox WHERE type = 'PromiseSet'),
                                    (SELECT count(*) FROM notification.outbox WHERE type = 'NotificationDelivered'),
                                    (SELECT count(*) FROM notification.outbox WHERE type = 'NotificationFailed')]::text) AS told
               FROM reporting.figure WHERE rights_code = '*' GROUP BY slice) s
           WHERE kept <> told GROUP BY slice""",
    ),
]

RULES: tuple[Rule, ...] = (
    *_INTAKE,
    *_ROUTING,
    *_REPORTING,
    *(rule for service in PRODUCERS for rule in _log_rules(service)),
    *(rule for reader, sources in READERS.items() for rule in _inbox_rules(reader, sources)),
)
