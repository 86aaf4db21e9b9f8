"""The officers' pages as they are laid out, in both languages, on phone and desktop, light and dark."""

import pytest

from tests.e2e.conftest import DESK, PHONE
from tests.e2e.test_pages import LAID_OUT, PALE

REPLY = {
    "found": "لم تمرّ سيارة الجمع بسبب عطل فيها.",
    "remedy": "أُصلحت السيارة وجُمعت النفايات.",
    "legal_basis": "المادة 3 من نظام إدارة النفايات الصلبة",
    "summary": "جُمعت النفايات اليوم، وتمرّ السيارة كل يومين.",
}


@pytest.fixture(scope="module")
def cases(system, salt) -> dict[str, str]:
    """A case of each sort: long, proposed, returned."""
    made = {name: salt.file(text="كلمة " * 1_990).case for name in ("long", "proposed", "returned")}
    for name in ("proposed", "returned"):
        salt.act(made[name], "accept")
        salt.act(made[name], "propose_reply", outcome="satisfactory", **REPLY)
    salt.act(made["returned"], "return_reply", "approver", "approver", reason="اذكر التاريخ.")
    return made


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("prefix", ["", "/en"], ids=["ar", "en"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_every_desk_fits_and_can_be_read_and_hit(come_in, system, cases, prefix, viewport, scheme):
    pages = {
        "officer": (
            "/staff/desk",
            "/staff/cases",
            "/staff/cases?view=overdue",
            "/staff/cases?state=closed",
            "/staff/search",
            f"/staff/cases/{cases['long']}",
            f"/staff/cases/{cases['returned']}",
            f"/staff/cases/{cases['returned']}/propose_reply",
            f"/staff/cases/{cases['returned']}/transfer",
            f"/staff/cases/{cases['returned']}/interim_reply",
        ),
        "main_officer": (
            "/staff/desk",
            "/staff/cases?view=team",
            f"/staff/cases/{cases['long']}/reassign",
            f"/staff/cases/{cases['long']}/declare_inadmissible",
        ),
        "approver": ("/staff/desk", "/staff/cases", f"/staff/cases/{cases['proposed']}/approve_reply"),
    }
    ranks = {"officer": "sub", "main_officer": "main", "approver": "approver"}
    found = {}
    for role, paths in pages.items():
        page = come_in(role, ranks[role], viewport=viewport, scheme=scheme)
        for path in paths:
            answer = page.goto(system.gateway + prefix + path)
            assert (answer.status, page.url) == (200, system.gateway + prefix + path)
            wrong = page.evaluate(LAID_OUT) + page.evaluate(PALE)
            if len(answer.body()) > 60_000:
                wrong.append(f"{len(answer.body())} bytes")
            if wrong:
                found[role, path] = wrong
        assert page.complaints == []
    assert found == {}


def test_a_case_on_paper_is_ink_on_white_with_its_exact_time_and_without_buttons(come_in, system, cases):
    page = come_in("officer", "sub", viewport=DESK, scheme="dark")
    page.goto(f"{system.gateway}/staff/cases/{cases['returned']}")
    page.emulate_media(media="print", color_scheme="dark")
    seen = {
        name: page.locator(name).first.is_visible()
        for name in (".filed", "#reply", ".history", ".promise .printed", ".desk-nav", ".what-now", ".foot")
    }
    assert [name for name, visible in seen.items() if not visible] == [".desk-nav", ".what-now", ".foot"]
    colours = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert page.evaluate(PALE) == []
