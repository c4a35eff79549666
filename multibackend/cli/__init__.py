"""The command line: train experiments in one process for each backend, and compare what the records say.

Only Click is imported at the start. A command imports what it needs, but neither Keras nor a framework. The exit code
is 0 for success, 1 for a failure (with a message of one line), 2 for wrong usage, 130 for an interruption.
"""

from __future__ import annotations

from typing import Any

import click

from multibackend import __version__
from multibackend.cli.check import check, watch
from multibackend.cli.draw import draw
from multibackend.cli.equivalence import equivalence
from multibackend.cli.grade import grade
from multibackend.cli.interchange import interchange
from multibackend.cli.output import say, say_error
from multibackend.cli.parity import compare, parity
from multibackend.cli.reduce import reduce
from multibackend.cli.survey import doctor, list_experiments
from multibackend.cli.sweep import sweep
from multibackend.cli.train import train
from multibackend.cli.workbook import hint, progress, reset, solution, start
from multibackend.errors import MultibackendError
from multibackend.experiments.registry import known_problems


class Commands(click.Group):
    """Commands that show a mistake of the user or a fault of the machine in lines on standard error."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except MultibackendError as error:
            say_error(str(error))
            ctx.exit(1)
        except BrokenPipeError:
            raise  # Click ends quietly where a reader such as `head` has closed the pipe
        except OSError as error:
            say_error(
                f"{error.filename or 'the system'}: {error.strerror or error}; fix that, or try another --output."
            )
            ctx.exit(1)
        except KeyboardInterrupt:
            say("interrupted")
            ctx.exit(130)
        finally:
            for problem in known_problems():
                say(problem)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="multibackend")
def main() -> None:
    """Write a Keras 3 model once; train it on TensorFlow, PyTorch and JAX; prove what is the same."""


TOOLS = (list_experiments, train, parity, interchange, compare, equivalence, reduce, sweep, doctor)
COURSE = (start, check, hint, solution, watch, draw, reset, progress, grade)

for command in (*TOOLS, *COURSE):
    main.add_command(command)
