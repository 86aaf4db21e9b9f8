import sys
from dataclasses import dataclass

import pytest

from services.chassis import settings
from services.chassis.settings import SettingError, key32, load, setting


@dataclass(frozen=True)
class Example:
    name: str = setting("EX_NAME", "A name.")
    port: int = setting("{SERVICE}_PORT", "A port.", default=80, kind=int, least=0, most=65535)
    ratio: float = setting("EX_RATIO", "A ratio.", default=0.5, kind=float, least=0, most=1)
    on: bool = setting("EX_ON", "A switch.", default=False, kind=bool)
    mode: str = setting("EX_MODE", "A mode.", default="a", choices=("a", "b"))
    key: str = setting("EX_KEY", "A key.", default="", kind=key32, secret=True)


KEY = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


def read(**environ: str) -> Example:
    return load(Example, {"EX_NAME": "n", **environ}, service="things")


def test_reads_every_kind():
    example = read(THINGS_PORT="8001", EX_RATIO="0.25", EX_ON="yes", EX_MODE="b", EX_KEY=KEY)
    assert example == Example(name="n", port=8001, ratio=0.25, on=True, mode="b", key=KEY)


def test_an_empty_variable_counts_as_absent():
    assert read(THINGS_PORT="", EX_ON="").port == 80


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("THINGS_PORT", "x"),
        ("THINGS_PORT", "-1"),
        ("THINGS_PORT", "65536"),
        ("EX_RATIO", "nan"),
        ("EX_RATIO", "inf"),
        ("EX_ON", "maybe"),
        ("EX_MODE", "c"),
        ("EX_KEY", "c2hvcnQ="),
        ("EX_KEY", "not base64!"),
    ],
)
def test_a_wrong_setting_is_named(name, value):
    with pytest.raises(SettingError, match=name):
        read(**{name: value})


def test_all_missing_and_wrong_settings_are_named_at_once():
    with pytest.raises(SettingError) as caught:
        load(Example, {"THINGS_PORT": "x"}, service="things")
    assert "EX_NAME is missing" in str(caught.value)
    assert "THINGS_PORT must be whole number from 0 to 65535, not 'x'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_secret_is_never_shown():
    with pytest.raises(SettingError) as caught:
        read(EX_KEY="my-secret-value")
    assert "my-secret-value" not in str(caught.value)
    assert KEY not in repr(read(EX_KEY=KEY))


def test_a_secret_may_be_in_a_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(KEY + "\n")
    assert read(EX_KEY_FILE=str(path)).key == KEY
    with pytest.raises(SettingError, match="EX_KEY and EX_KEY_FILE"):
        read(EX_KEY_FILE=str(path), EX_KEY=KEY)
    with pytest.raises(SettingError, match="EX_KEY_FILE"):
        read(EX_KEY_FILE=str(tmp_path / "absent"))


def test_a_file_is_read_for_secrets_alone(tmp_path):
    path = tmp_path / "name"
    path.write_text("from a file")
    with pytest.raises(SettingError, match="EX_NAME"):
        load(Example, {"EX_NAME_FILE": str(path)})


def test_read_once_until_forgotten(monkeypatch):
    monkeypatch.setenv("EX_NAME", "first")
    assert load(Example).name == "first"
    monkeypatch.setenv("EX_NAME", "second")
    assert load(Example).name == "first"
    settings.forget()
    assert load(Example).name == "second"
    settings.forget()


def test_describes_itself():
    rows = {row.name: row for row in settings.describe(Example)}
    assert rows["EX_NAME"].required
    assert not rows["EX_KEY"].required
    assert rows["EX_KEY"].secret
    assert rows["EX_KEY"].kind_name == "base64 of 32 bytes"
    assert rows["EX_MODE"].kind_name == "one of a, b"
    assert rows["EX_ON"].kind_name == "true or false"


def test_a_process_with_a_wrong_setting_ends_with_one_line(capsys):
    with pytest.raises(SystemExit) as caught, settings.fail_at_start():
        load(Example, {})
    assert caught.value.code == 78
    said = capsys.readouterr().err
    assert said.startswith("settings: EX_NAME is missing")
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert sys.exc_info()[0] is None
