"""The directory from the command line: what is printed, and how it ends."""

import pytest
from click.testing import CliRunner

from services.cli.main import main

HEAD = "email,institution,rank,name_ar,name_en,phone,languages\n"
GOOD = "new.one@example.org,MOH,approver,سلمى,Salma,+962773009001,ar en\n"


@pytest.fixture
def run(databases, tmp_path):
    """run(*arguments, text=) → the result; "FILE" stands for a file that holds the text."""

    def invoke(*arguments, text=""):
        place = tmp_path / "file.csv"
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return CliRunner().invoke(main, [str(place) if each == "FILE" else each for each in arguments])

    return invoke


def test_a_file_is_tried_before_it_is_carried_out(run):
    tried = run("directory", "import", "FILE", "--kind", "officers", text=HEAD + GOOD)
    assert tried.exit_code == 0
    assert "1 rows, 1 new, 0 changed, 0 unchanged, 0 ended" in tried.output
    assert "nothing has changed" in tried.output
    done = run("directory", "import", "FILE", "--kind", "officers", "--apply", text=HEAD + GOOD)
    assert (done.exit_code, "carried out" in done.output) == (0, True)
    again = run("directory", "import", "FILE", "--kind", "officers", "--apply", text=HEAD + GOOD)
    assert "1 unchanged" in again.output


def test_errors_are_told_by_row_in_both_languages(run, databases):
    before = databases.rows("routing", "SELECT count(*) FROM officer")
    wrong = run("directory", "import", "FILE", "--kind", "officers", "--apply", text=HEAD + GOOD + "x")
    assert wrong.exit_code == 1
    assert "row 3 email: Not a well-formed mail address. · ليس بريدًا" in wrong.output
    assert databases.rows("routing", "SELECT count(*) FROM officer") == before
    broken = run("directory", "import", "FILE", "--kind", "officers", text="صحة".encode("cp1256"))
    assert broken.exit_code == 1
    assert "UTF-8" in broken.output


def test_an_export_is_for_its_owner_alone_and_is_read_in_again(run, tmp_path):
    place = tmp_path / "officers.xlsx"
    assert run("directory", "export", "--kind", "officers", str(place)).exit_code == 0
    assert place.stat().st_mode & 0o777 == 0o600
    again = run("directory", "import", str(place), "--kind", "officers")
    assert "426 unchanged" in again.output
    assert run("directory", "export", "--kind", "officers", str(tmp_path / "officers.txt")).exit_code == 2


def test_rules_are_tried_on_a_period(run, databases):
    databases.rows(
        "routing",
        "INSERT INTO cases (complaint_id, kind, category, governorate, language, status, institution, rule_id, officer_id,"
        " reason, load, received_at, assigned_at, version) SELECT gen_random_uuid(), 'complaint', 'water.outage', 'JO-IR', 'ar',"
        " 'assigned', 'WAJ', 'water.outage#1', gen_random_uuid(), 'least_loaded', 1, at, at, 1"
        " FROM unnest(ARRAY['2026-10-31 20:59Z', '2026-10-31 21:00Z', '2026-11-30 20:59Z', '2026-11-30 21:00Z']::timestamptz[]) at",
    )
    text = "category,institution,priority,replaces\nwater.outage,MWI,10,water.outage#1\n"
    period = ("--from", "2026-11-01", "--to", "2026-11-30")
    tried = run("rules", "dry-run", "FILE", *period, text=text)
    assert tried.exit_code == 0
    assert "2  water.outage  WAJ → MWI" in tried.output
    assert "0 of 2 complaints" in tried.output
    assert databases.rows("routing", "SELECT count(*) FROM rule WHERE institution = 'MWI'") == [(0,)]
    assert run("rules", "dry-run", "FILE", "--from", "2026-11-02", "--to", "2026-11-01").exit_code == 2
    wrong = run("rules", "dry-run", "FILE", *period, text=text.replace("MWI", "XX"))
    assert (wrong.exit_code, "no body with this code" in wrong.output) == (1, True)
