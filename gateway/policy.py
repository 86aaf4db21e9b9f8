"""Who may what: one table for every route of the API and every page, and the only place where it is decided.

A column is a role, a row is a method and a path: `yes`, they may; `own`, they may where it concerns their own institution, which the
gateway vouches for and the owning service sees to; `-`, they may not. `everybody` needs no token. A page stands once for both languages.

The roles that a view asks for are compared with the table when the process starts: what is not in it, or is in it otherwise, does not
start. A test tries every row with every role.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import flask

from services.chassis.actor import required_roles

PUBLIC = "public"
#: Roles that a member of staff may have. "public" is not one: who has not signed in is the public.
STAFF_ROLES = ("officer", "main_officer", "approver", "head", "coordinator", "operations")
ROLES = (PUBLIC, *STAFF_ROLES)
#: A main liaison officer is a liaison officer, who also looks after the others of the institution.
IMPLIED: Mapping[str, frozenset[str]] = {"main_officer": frozenset({"officer"})}
#: Roles that act for one institution; without one they may nothing of what is `own`.
INSTITUTIONAL = ("officer", "main_officer", "approver", "head")

YES, OWN, NO = "yes", "own", "-"
_EVERYBODY = "everybody"

_TABLE = """
#                                                            public officer main_officer approver head coordinator operations
POST /v1/complaints                                          everybody
GET  /v1/complaints/{tracking}                               everybody
POST /v1/complaints/{tracking}/messages                      everybody
POST /v1/complaints/{tracking}/withdraw                      everybody
POST /v1/complaints/{tracking}/rating                        everybody
POST /v1/complaints/{tracking}/dispute                       everybody
GET  /v1/categories                                          everybody
GET  /v1/governorates                                        everybody
GET  /v1/rights-codes                                        everybody
GET  /v1/bodies                                              everybody
GET  /v1/bodies/{code}/units                                 everybody

GET  /v1/dashboard                                           -      -       -            -        -    yes         -
GET  /v1/dashboard/definitions                               -      -       -            -        -    yes         -
GET  /v1/staff/complaints                                    -      yes     yes          yes      yes  yes         -
GET  /v1/staff/complaints/{complaint_id}                     -      own     own          own      own  yes         -
GET  /v1/staff/cases/{complaint_id}                          -      own     own          own      own  yes         -
POST /v1/staff/cases/{complaint_id}/actions/{action}         -      own     own          own      own  yes         -
GET  /v1/staff/cases/{complaint_id}/explanation              -      -       -            -        -    yes         -
GET  /v1/staff/desk                                          -      yes     yes          yes      yes  yes         -
GET  /v1/staff/worklist                                      -      own     own          own      own  yes         -
GET  /v1/staff/team                                          -      -       own          own      own  yes         -
POST /v1/staff/cases/{complaint_id}/viewing                  -      own     own          own      own  yes         -
GET  /v1/staff/views                                         -      yes     yes          yes      yes  yes         -
POST /v1/staff/views                                         -      yes     yes          yes      yes  yes         -
DELETE /v1/staff/views/{view_id}                             -      yes     yes          yes      yes  yes         -
GET  /v1/staff/reply-templates                               -      yes     yes          yes      yes  yes         -
POST /v1/staff/reply-templates                               -      -       yes          -        -    yes         -
PUT  /v1/staff/reply-templates/{template_id}                 -      -       own          -        -    yes         -
POST /v1/staff/reply-templates/{template_id}/withdraw        -      -       own          -        -    yes         -
GET  /v1/staff/unowned                                       -      -       -            -        -    yes         -
GET  /v1/staff/officers                                      -      -       -            -        -    yes         -
POST /v1/staff/officers/{officer_id}/presence                -      -       -            -        -    yes         -
GET  /v1/staff/calendar/overrides                            -      -       -            -        -    yes         -
POST /v1/staff/calendar/overrides                            -      -       -            -        -    yes         -
POST /v1/staff/calendar/overrides/dry-run                    -      -       -            -        -    yes         -
POST /v1/staff/calendar/overrides/{override_id}/withdraw     -      -       -            -        -    yes         -
GET  /v1/staff/calendar/days                                 -      -       -            -        -    yes         -
GET  /v1/staff/directory/units                               -      own     own          -        -    yes         -
PUT  /v1/staff/directory/units/{code}                        -      -       -            -        -    yes         -
GET  /v1/staff/directory/officers                            -      own     own          -        -    yes         -
POST /v1/staff/directory/officers/{officer_id}/leave         -      own     own          -        -    yes         -
POST /v1/staff/directory/leave/{leave_id}/withdraw           -      own     own          -        -    yes         -
POST /v1/staff/directory/officers/{officer_id}/certificates  -      -       -            -        -    yes         -
GET  /v1/staff/directory/on-call                             -      own     own          -        -    yes         -
POST /v1/staff/directory/on-call                             -      -       -            -        -    yes         -
POST /v1/staff/directory/on-call/{duty_id}/withdraw          -      -       -            -        -    yes         -
GET  /v1/staff/directory/rules                               -      -       -            -        -    yes         -
POST /v1/staff/directory/rules                               -      -       -            -        -    yes         -
POST /v1/staff/directory/rules/dry-run                       -      -       -            -        -    yes         -
POST /v1/staff/directory/import                              -      -       -            -        -    yes         -
GET  /v1/staff/directory/export                              -      own     own          -        -    yes         -
GET  /v1/staff/directory/changes                             -      -       -            -        -    yes         -
GET  /v1/staff/complaints/{complaint_id}/notices             -      -       -            -        -    yes         yes
GET  /v1/staff/messages/counts                               -      -       -            -        -    yes         yes
GET  /v1/staff/accounts                                      -      -       -            -        -    yes         yes
POST /v1/staff/accounts/{account_id}/sessions/end            -      -       -            -        -    yes         yes
POST /v1/staff/accounts/{account_id}/phone/forget            -      -       -            -        -    yes         yes
GET  /v1/staff/accounts/{account_id}/history                 -      -       -            -        -    yes         yes
GET  /v1/staff/identity-providers                            -      -       -            -        -    -           yes
POST /v1/staff/identity-providers                            -      -       -            -        -    -           yes
PUT  /v1/staff/identity-providers/{code}                     -      -       -            -        -    -           yes
POST /v1/staff/identity-providers/{code}/state               -      -       -            -        -    -           yes

GET  /                                                       everybody
GET  /file                                                   everybody
POST /file                                                   everybody
GET  /track                                                  everybody
POST /track                                                  everybody
GET  /track/standing                                         everybody
POST /track/answer                                           everybody
POST /track/withdraw                                         everybody
POST /track/rate                                             everybody
POST /track/dispute                                          everybody
GET  /docs                                                   everybody
GET  /docs/staff                                             everybody
GET  /leave                                                  everybody
GET  /static/{name}                                          everybody
GET  /demo/messages                                          everybody

GET  /staff/sign-in                                          everybody
POST /staff/sign-in                                          everybody
POST /staff/sign-in/code                                     everybody
GET  /staff/sign-in/with/{code}                              everybody
GET  /staff/sign-in/with/{code}/back                         everybody
POST /staff/sign-in/with/{code}/logout                       everybody
GET  /staff/signed-out                                       everybody
POST /staff/sign-out                                         everybody
GET  /staff/enter                                            everybody
GET  /staff/password                                         -      yes     yes          yes      yes  yes         yes
POST /staff/password                                         -      yes     yes          yes      yes  yes         yes
GET  /staff/sessions                                         -      yes     yes          yes      yes  yes         yes
POST /staff/sessions                                         -      yes     yes          yes      yes  yes         yes
GET  /staff/recovery-codes                                   -      yes     yes          yes      yes  yes         yes
POST /staff/recovery-codes                                   -      yes     yes          yes      yes  yes         yes
GET  /staff/dashboard                                        -      -       -            -        -    yes         -
GET  /staff/coordinator                                      -      -       -            -        -    yes         -
GET  /staff/team                                             -      -       own          own      own  yes         -
POST /staff/team                                             -      -       own          -        -    yes         -
GET  /staff/on-call                                          -      -       own          -        -    yes         -
POST /staff/on-call                                          -      -       -            -        -    yes         -
GET  /staff/calendar                                         -      -       -            -        -    yes         -
POST /staff/calendar                                         -      -       -            -        -    yes         -
GET  /staff/directory                                        -      -       own          -        -    yes         -
GET  /staff/directory/export                                 -      -       own          -        -    yes         -
GET  /staff/directory/import                                 -      -       -            -        -    yes         -
POST /staff/directory/import                                 -      -       -            -        -    yes         -
GET  /staff/reply-templates                                  -      -       own          -        -    yes         -
GET  /staff/reply-templates/edit                             -      -       own          -        -    yes         -
POST /staff/reply-templates/edit                             -      -       own          -        -    yes         -
GET  /staff/accounts                                         -      -       -            -        -    yes         yes
POST /staff/accounts                                         -      -       -            -        -    yes         yes
GET  /staff/identity-providers                               -      -       -            -        -    -           yes
GET  /staff/identity-providers/edit                          -      -       -            -        -    -           yes
POST /staff/identity-providers/edit                          -      -       -            -        -    -           yes
GET  /staff/desk                                             -      yes     yes          yes      yes  -           -
GET  /staff/cases                                            -      yes     yes          yes      yes  yes         -
GET  /staff/search                                           -      yes     yes          yes      yes  yes         -
POST /staff/search                                           -      yes     yes          yes      yes  yes         -
POST /staff/views                                            -      yes     yes          yes      yes  yes         -
GET  /staff/cases/{complaint_id}                             -      yes     yes          yes      yes  yes         -
POST /staff/cases/{complaint_id}/viewing                     -      yes     yes          yes      yes  yes         -
GET  /staff/cases/{complaint_id}/{action}                    -      yes     yes          yes      yes  yes         -
POST /staff/cases/{complaint_id}/{action}                    -      yes     yes          yes      yes  yes         -

GET  /health/live                                            everybody
GET  /health/ready                                           everybody
GET  /metrics                                                everybody
GET  /openapi.json                                           everybody
"""


class NotInPolicy(Exception):
    """Views whose roles are not those of the table, one line for each."""

    def __init__(self, wrong: Collection[str]):
        super().__init__("; ".join(wrong))
        self.wrong = tuple(wrong)


@dataclass(frozen=True, slots=True)
class Row:
    """What each role may do at one address."""

    method: str
    path: str
    cells: Mapping[str, str]

    @property
    def public(self) -> bool:
        """Whether it needs no token."""
        return self.cells[PUBLIC] == YES


def read(table: str) -> dict[tuple[str, str], Row]:
    """The rows of a table by (method, path). Raises ValueError for one that cannot be read, contradicts itself or stands twice."""
    rows: dict[tuple[str, str], Row] = {}
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        method, path, *values = line.split()
        values = [YES] * len(ROLES) if values == [_EVERYBODY] else values
        if (
            len(values) != len(ROLES)
            or not set(values) <= {YES, OWN, NO}
            or ((values[0] != NO) != (values == [YES] * len(ROLES)))
            or (method, path) in rows
        ):
            raise ValueError(line)
        rows[method, path] = Row(method, path, dict(zip(ROLES, values, strict=True)))
    return rows


POLICY = read(_TABLE)


def expanded(roles: Iterable[str]) -> frozenset[str]:
    """The roles, with those that they imply."""
    given = frozenset(roles)
    return given.union(*(IMPLIED.get(role, frozenset()) for role in given))


def allows(method: str, path: str, roles: Iterable[str]) -> bool:
    """Whether somebody with these roles may go there; for pages, which show only what their reader may open."""
    row = POLICY[method, path]
    return row.public or any(row.cells[role] != NO for role in expanded(roles) if role in row.cells)


def check(app: flask.Flask, rows: Mapping[tuple[str, str], Row] = POLICY) -> None:
    """Raises NotInPolicy unless the views of `app` ask for exactly the roles of the table."""
    wrong = []
    for method, path, needed in routes(app):
        row = rows.get((method, path))
        if row is None:
            wrong.append(f"{method} {path} is not in the table")
            continue
        for role in ROLES:
            may = PUBLIC in needed or not needed.isdisjoint(expanded({role}))
            if may != (row.cells[role] != NO):
                wrong.append(f"{method} {path}: the table says {row.cells[role]!r} for {role}")
    if wrong:
        raise NotInPolicy(wrong)


def routes(app: flask.Flask) -> list[tuple[str, str, frozenset[str]]]:
    """(method, path as the table writes it, roles of which one is needed) of every view of the app, in one language."""
    found = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        # Views without a mark are those that the chassis answers from memory; any other stops its start.
        needed = required_roles(view) or frozenset({PUBLIC})
        path = rule.rule.replace("<", "{").replace(">", "}")
        if path == "/en" or path.startswith("/en/"):
            path = path.removeprefix("/en") or "/"
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            before = found.setdefault((method, path), needed)
            if before != needed:
                raise NotInPolicy([f"{method} {path} asks for other roles in English"])
    return [(method, path, needed) for (method, path), needed in sorted(found.items())]
