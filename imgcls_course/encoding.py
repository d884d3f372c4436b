"""Texts with the names of files in them, which on Linux are any bytes."""

import re


def utf8(text: str) -> str:
    r"""Return a text that can be printed and stored: the bytes of a file's name that are not UTF-8 as \udce9 and so on.

    Linux takes any bytes for a name, and old archives bring them along. JSON reads this spelling as the same name.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def from_utf8(text: str) -> str:
    """Return the name of a file that `utf8` wrote, as the system knows it."""
    return re.sub(r"\\u(dc[89a-f][0-9a-f])", lambda found: chr(int(found[1], 16)), text)
