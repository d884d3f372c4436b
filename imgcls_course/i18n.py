"""Translating messages: every text that a student reads goes through `_`, and is English without a translation.

A translation is a gettext catalogue, `imgcls_course/locale/<language>/LC_MESSAGES/imgcls_course.mo`. The language is
taken from the environment (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), as gettext does everywhere.
"""

import functools
import gettext
from pathlib import Path

from .encoding import utf8

LOCALE = Path(__file__).parent / "locale"


@functools.cache
def _catalogue() -> gettext.NullTranslations:
    return gettext.translation("imgcls_course", localedir=LOCALE, fallback=True)


def _(text: str, /, **values) -> str:
    """Translate `text`, then fill in its {names}.

    The values are filled in after the translation, so that a catalogue holds each sentence once. What comes out can be
    printed, whatever names of files were filled in.
    """
    translated = _catalogue().gettext(text)
    return utf8(translated.format(**values)) if values else translated


def counted(one: str, many: str, n: int, /, **values) -> str:
    """Translate a phrase about `n` things: the singular `one` or the plural `many`, with {n} and {names} filled in.

    Examples
    --------
    >>> counted("{n:,} class", "{n:,} classes", 1), counted("{n:,} class", "{n:,} classes", 2000)
    ('1 class', '2,000 classes')
    """
    return utf8(_catalogue().ngettext(one, many, n).format(n=n, **values))
