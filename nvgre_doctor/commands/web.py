"""`nvgre-doctor web`: the page that diagnoses captures in a browser, from this computer."""

import click

from nvgre_doctor.errors import Exit
from nvgre_doctor.terminal.console import write_stdout


@click.command("web", short_help="Show the page that diagnoses captures in a browser.")
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="The port (default: 7637; 0: any)."
)
def command(port: int | None) -> int:
    """Show the page that diagnoses captures in a browser, to browsers on this computer only.

    It needs the extra `nvgre-doctor[web]`. Ctrl-C ends it.
    """
    from nvgre_doctor.browser.serving import ADDRESS, USUAL_PORT, server

    with server(USUAL_PORT if port is None else port) as found:
        write_stdout(f"http://{ADDRESS}:{found.server_port}/  (Ctrl-C ends it)\n")
        try:
            found.serve_forever()
        except KeyboardInterrupt:
            return Exit.OK
    return Exit.OK
