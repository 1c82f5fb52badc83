"""HTML that is safe by its type.  Text becomes `Html` through `text` alone, elements through `tag`:
mypy finds a text that was not escaped.

Knows characters and tags; knows nothing about reports.
"""

from collections.abc import Iterable
from html import escape
from typing import Final, NewType

from nvgre_doctor.terminal.visible import visible

Html = NewType("Html", str)

NOTHING: Final = Html("")
_VOID: Final = frozenset(("meta", "link", "input", "br"))
_EMPTY_IN_SVG: Final = frozenset(("path", "rect", "circle", "line"))


def text(raw: str) -> Html:
    """Text from anywhere, made visible and escaped."""
    return Html(escape(visible(raw)))


def joined(parts: Iterable[Html], between: Html = NOTHING) -> Html:
    """Several pieces as one."""
    return Html(between.join(parts))


def tag(name: str, /, *children: Html, **attributes: str | int | bool | None) -> Html:
    """An element: `tag("td.num", text("5"), colspan=2)` is `<td class="num" colspan="2">5</td>`.

    `name` may have classes behind dots.  An underscore in the name of an attribute is a hyphen, and
    one at its end is for words that Python keeps (`for_`).  An attribute that is False or None is
    left out; True has no value.
    """
    element, _, classes = name.partition(".")
    words = [element]
    if classes:
        words.append(f'class="{escape(classes.replace(".", " "))}"')
    for attribute, value in attributes.items():
        if value is not None and value is not False:
            hyphened = attribute.rstrip("_").replace("_", "-")
            shown = "" if value is True else f'="{escape(_clean(value))}"'
            words.append(hyphened + shown)
    if element in _VOID:
        return Html(f"<{' '.join(words)}>")
    if element in _EMPTY_IN_SVG and not children:
        return Html(f"<{' '.join(words)}/>")
    return Html(f"<{' '.join(words)}>{''.join(children)}</{element}>")


def _clean(value: str | int) -> str:
    """What is plain is not shortened, as a text is: a path of SVG may be long."""
    raw = str(value)
    return raw if raw.isascii() and raw.isprintable() else visible(raw)


def raw_element(name: str, content: str, **attributes: str) -> Html:
    """A `script` or `style` whose content no parser of HTML unescapes.

    Errors: ValueError for content that could end it: only our own files and base64 belong there.
    """
    if "</" in content or "<!--" in content or not content.isascii():
        raise ValueError(f"this cannot stand in <{name}>")
    words = "".join(
        f' {attribute.replace("_", "-")}="{escape(value)}"'
        for attribute, value in attributes.items()
    )
    return Html(f"<{name}{words}>{content}</{name}>")


def number(count: int) -> Html:
    """A count with commas between thousands."""
    return Html(f"{count:,}")


def counted(count: int, one: str) -> str:
    """`1 host`, `1,000 hosts`."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def document(head: Html, body: Html) -> str:
    """A whole page, in ASCII: what is not is written as a character reference, so that no encoding
    of a console or a mail can spoil it.
    """
    page = f'<!DOCTYPE html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n'
    return f"{page}</html>\n".encode("ascii", "xmlcharrefreplace").decode("ascii")
