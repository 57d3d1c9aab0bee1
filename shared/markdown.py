"""Texts of users in Markdown: shown as they are, on one line, whatever signs they hold."""

import re

_SIGNS = re.compile(r"[\\`<\[\]|&]")  # what begins HTML, an entity, a link, code or the next cell of a table


def as_text(text: str) -> str:
    """A text as Markdown that means nothing but that text; in a table, it is one cell."""
    return " ".join(_SIGNS.sub(r"\\\g<0>", text).split())
