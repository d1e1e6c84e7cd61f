"""What the command says to its operator: progress on standard error, results on standard output."""

from collections.abc import Sequence

import click


def tell(text: str) -> None:
    """Say how it goes, or what is wrong."""
    click.echo(f"guildbook: {text}", err=True)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, as wide as they need to be."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        click.echo("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())
