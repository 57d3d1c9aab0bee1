"""Texts in CSV files, which people open with spreadsheets: no cell of a text begins like a formula.

A text that would is written with an apostrophe before it, as the Open Worldwide Application Security Project advises
(owasp.org/www-community/attacks/CSV_Injection), and read back without. Numbers stay as they are.
"""

import re
from typing import Any

# Also the wide signs that East Asian spreadsheets take for the same. What begins with apostrophes before such a sign
# gets one more, so that any text is read back as it was.
_FORMULA = re.compile("'*[-=+@\t\r\n＝＋－＠]")  # noqa: RUF001


def as_cell(value: Any) -> Any:
    """A value as it is written; what is no text, or a number as text, stays as it is."""
    return f"'{value}" if isinstance(value, str) and _FORMULA.match(value) and not _is_number(value) else value


def from_cell(text: str) -> str:
    """A text as it was before `as_cell`; also of a file from before that, whose texts stay as they are."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
