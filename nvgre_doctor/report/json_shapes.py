"""How values are written as JSON, and how they are read back, checked.

Knows no single field: those stand in `json_fields`.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from nvgre_doctor.filters.grammar import is_display_filter
from nvgre_doctor.report.checked_json import LARGEST, Value


class Form(NamedTuple):
    """How one value is written, and how it is read; `captures` is how many the report has."""

    write: Callable[[Any], object]
    read: Callable[[Value, int], object]


class Field(NamedTuple):
    """One field of an object, and the attribute that it shows: of the same name, if none is
    given.
    """

    name: str
    form: Form
    attribute: str = ""
    may_be_missing: bool = False
    """Whether it is written only where there is something: neither None nor an empty tuple."""

    @property
    def shows(self) -> str:
        """The attribute."""
        return self.attribute or self.name


class Group(NamedTuple):
    """An object within an object, whose fields show attributes of the outer one."""

    name: str
    parts: tuple["Field | Group | Fixed | Spread", ...]


class Fixed(NamedTuple):
    """A field that follows from others, or never changes: written, and not kept when it is read."""

    name: str
    write: Callable[[Any], object]
    read: Callable[[Value], object] = lambda value: None


class Spread(NamedTuple):
    """An attribute whose own fields stand among those of the object."""

    attribute: str
    shape: "Shape"


class Shape(NamedTuple):
    """The fields of one type, in the order of the JSON."""

    make: Callable[..., object]
    parts: tuple[Field | Group | Fixed | Spread, ...]


def write(shape: Shape, value: object) -> dict[str, Any]:
    """Plain values."""
    return _written(shape.parts, value)


def _written(parts: tuple[Any, ...], value: object) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Field):
            attribute = getattr(value, part.shows)
            if attribute not in (None, ()) or not part.may_be_missing:
                plain[part.name] = part.form.write(attribute)
        elif isinstance(part, Fixed):
            plain[part.name] = part.write(value)
        elif isinstance(part, Group):
            plain[part.name] = _written(part.parts, value)
        else:
            plain |= write(part.shape, getattr(value, part.attribute))
    return plain


def read(shape: Shape, value: Value, captures: int) -> Any:
    """The inverse.  Errors: JsonError."""
    return shape.make(**_read(shape.parts, value, captures))


def _read(parts: tuple[Any, ...], value: Value, captures: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        if isinstance(part, Field):
            if part.may_be_missing and value.get(part.name).raw is None:
                continue  # the type has a default for it
            found[part.shows] = part.form.read(value[part.name], captures)
        elif isinstance(part, Fixed):
            part.read(value.get(part.name))
        elif isinstance(part, Group):
            found |= _read(part.parts, value[part.name], captures)
        else:
            found[part.attribute] = read(part.shape, value, captures)
    return found


# --- forms -------------------------------------------------------------------


def _plain(read_it: Callable[[Value], object]) -> Form:
    return Form(lambda value: value, lambda value, captures: read_it(value))


def integer(lowest: int = 0, highest: int = LARGEST) -> Form:
    """An integer of that range."""
    return _plain(lambda value: value.integer(lowest, highest))


def word(*words: str) -> Form:
    """One of some strings."""
    return _plain(lambda value: value.word(words))


def member(words: type[Any]) -> Form:
    """A member of an enum, by its value."""
    return Form(lambda value: value.value, lambda value, captures: value.member(words))


def words(known: type[Any]) -> Form:
    """A list of members of an enum, by their values."""
    return Form(
        lambda items: [str(item) for item in items],
        lambda value, captures: value.each(lambda item: item.member(known)),
    )


def optional(form: Form) -> Form:
    """None is null."""
    return Form(
        lambda value: None if value is None else form.write(value),
        lambda value, captures: None if value.raw is None else form.read(value, captures),
    )


def each(shape: Shape) -> Form:
    """A list of objects."""
    return Form(
        lambda items: [write(shape, item) for item in items],
        lambda value, captures: value.each(lambda item: read(shape, item, captures)),
    )


def one(shape: Shape) -> Form:
    """An object."""
    return Form(
        lambda item: write(shape, item), lambda value, captures: read(shape, value, captures)
    )


TEXT: Final = _plain(Value.text)
TEXTS: Final = Form(list, lambda value, captures: value.each(Value.text))
DISPLAY_FILTER: Final = _plain(
    lambda value: (
        text if is_display_filter(text := value.text()) else value.fail("a display filter")
    )
)
COUNT: Final = integer()
ADDRESS: Final = _plain(Value.address)
TWO_ADDRESSES: Final = Form(list, lambda value, captures: value.two(Value.address))
GRE_KEY: Final = Form("0x{:08x}".format, lambda value, captures: value.gre_key())
# Not by GRE_KEY: a fabric has very many keys, and a call for each takes as long again.
GRE_KEYS: Final = Form(
    lambda gre_keys: [f"0x{gre_key:08x}" for gre_key in gre_keys],
    lambda value, captures: value.each(Value.gre_key),
)
CAPTURE_INDEX: Final = Form(
    lambda index: index, lambda value, captures: value.integer(0, captures - 1)
)
IP_VERSION: Final = _plain(
    lambda value: number if (number := value.integer()) in (4, 6) else value.fail("4 or 6")
)
