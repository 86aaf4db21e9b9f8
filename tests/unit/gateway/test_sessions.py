"""What the gateway makes of a session's surroundings."""

import pytest

from gateway import sessions


def test_over_encryption_the_cookie_belongs_to_this_host_alone(environment):
    environment({"PUBLIC_URL": "https://example.org"})
    assert sessions.cookie() == "__Host-session"
    assert sessions.secure()


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("2001:db8:1:2::", "2001:db8:1::/48"),
        ("unknown", "unknown"),
    ],
)
def test_a_place_is_a_neighbourhood(address, place):
    assert sessions.neighbourhood(address) == place


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/120 Safari/537.36 Edg/120",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari, iOS"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0", "Firefox, Linux"),
        ("", "?"),
        ("<script>", "?"),
    ],
)
def test_a_browser_is_known_by_its_kind_alone(text, name):
    assert sessions.agent(text) == name
