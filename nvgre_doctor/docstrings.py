"""The texts that stand in docstrings and are shown to people: what `explain` says of a finding, and
`--help` of a command.

Python leaves them out with -OO; then they are read where they stand.  Knows functions; knows
nothing about findings or commands.
"""

from collections.abc import Callable


def docstring(function: Callable[..., object]) -> str:
    """The docstring of a function, without its indent; empty if it has none, or no source."""
    import inspect  # with much that most runs do without

    text = function.__doc__ or _in_source(function)
    return inspect.cleandoc(text or "")


def _in_source(function: Callable[..., object]) -> str | None:
    import ast
    import inspect
    import textwrap

    try:
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    return ast.get_docstring(definition) if isinstance(definition, ast.FunctionDef) else None
