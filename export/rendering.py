"""Templates, as Jinja2 renders them here: an unknown name is an error, HTML is escaped, C is not."""

from __future__ import annotations

from functools import cache

import jinja2


@cache
def environment() -> jinja2.Environment:
    """The one environment of this package."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("export"),
        autoescape=jinja2.select_autoescape(["html.j2", "svg.j2"], default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, **values: object) -> str:
    """The text of `templates/<template>.j2`."""
    return environment().get_template(f"{template}.j2").render(**values)
