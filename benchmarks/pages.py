"""Tables and pictures that commands write into the docs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

HERE = Path(__file__).resolve().parent
END = "<!-- end -->"


def as_table(rows: Sequence[Sequence[str]]) -> str:
    """Markdown; the first row is the heading."""
    heading, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([heading, "|" + "---|" * len(rows[0]), *body])


def between(page: str, begin: str, told: str) -> str:
    """`page` with `told` in place of what stands between `begin` and the next END.

    >>> between("a <!-- b -->old<!-- end --> c", "<!-- b -->", "new")
    'a <!-- b -->\\n\\nnew\\n\\n<!-- end --> c'
    """
    before, rest = page.split(begin)
    _, after = rest.split(END, 1)
    return f"{before}{begin}\n\n{told}\n\n{END}{after}"


def render(template: str, **values: object) -> str:
    """The text of `templates/<template>`, which may include those of export."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([HERE / "templates", HERE.parent / "export" / "templates"]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(**values)
