"""Text that contains file names, which on Linux may be any bytes."""

import re


def utf8(text: str) -> str:
    r"""Return a text that can be printed and stored: bytes of a file name that are not UTF-8 become \udce9 and so on.

    Linux allows any bytes in a name, and old archives contain such names. JSON reads this spelling as the same name.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def from_utf8(text: str) -> str:
    """Return a file name that `utf8` wrote, as the operating system knows it."""
    return re.sub(r"\\u(dc[89a-f][0-9a-f])", lambda found: chr(int(found[1], 16)), text)
