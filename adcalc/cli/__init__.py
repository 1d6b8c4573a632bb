"""The command line: the only room that knows typer, and the only one that leaves the process."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point of `adcalc`."""
    if sys.argv[1:] == ["--version"]:
        # The one answer that needs nothing at all is not made to wait for the rest.
        from adcalc import __version__

        try:
            print(f"adcalc {__version__}", flush=True)
        except OSError as error:
            sys.stderr.write(f"error: the version cannot be written: {error.strerror}\n")
            sys.exit(2)
        return
    import gc

    # Formulas are graphs without cycles; looking for some would cost a third of the time of a large one.
    gc.set_threshold(200_000, 20, 100)
    from adcalc.cli.app import app

    app()
