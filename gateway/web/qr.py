"""A text as a picture that phones read."""

import segno


def svg(text: str, title: str) -> str:
    """The picture as an <svg> element. Black on white with its margin in every colour scheme: cameras need it so.

    It stands in the page that shows the same text in words, and not at an address: what it says is a secret, and belongs in no history.
    """
    return segno.make(text, error="m", micro=False).svg_inline(
        border=4, dark="#000", light="#fff", title=title, svgclass="qr", lineclass=None, omitsize=True
    )
