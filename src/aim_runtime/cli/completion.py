"""`aim-runtime completion`: the script that makes a shell complete this program's verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from aim_runtime.cli import output


@click.command(
    "completion",
    epilog="""\b
Examples:
  aim-runtime completion bash > ~/.local/share/bash-completion/completions/aim-runtime
  aim-runtime completion zsh > ~/.zfunc/_aim-runtime
  aim-runtime completion fish > ~/.config/fish/completions/aim-runtime.fish
""",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell."""
    kind = get_completion_class(shell)
    assert kind is not None
    output.data(kind(ctx.find_root().command, {}, "aim-runtime", "_AIM_RUNTIME_COMPLETE").source())
