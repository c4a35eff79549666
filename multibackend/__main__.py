"""`python -m multibackend`, where the command itself is not on the path."""

from multibackend.cli import main

main(prog_name="multibackend")
