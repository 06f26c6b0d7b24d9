"""`python -m quantize`: the commands of this package, with the front door's manners."""

import sys

import click

from quantize.cli import main

try:
    main.main(prog_name="python -m quantize", standalone_mode=False)
except click.exceptions.Abort:
    sys.exit(130)
except click.ClickException as error:
    error.show()
    sys.exit(error.exit_code)
except Exception as error:
    code = 2 if isinstance(error, OSError) else getattr(error, "exit_code", None)
    if code is None:
        raise  # no error of ours: a bug
    click.echo(f"sixmeg: error: {' '.join(str(error).split())}", err=True)
    sys.exit(code)
