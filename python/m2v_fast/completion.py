"""The command `m2v-fast completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that lets a shell complete commands and options.

    \b
        m2v-fast completion bash > ~/.local/share/bash-completion/completions/m2v-fast
        m2v-fast completion zsh > ~/.zfunc/_m2v-fast     (a folder of $fpath)
        m2v-fast completion fish > ~/.config/fish/completions/m2v-fast.fish
    """
    made = get_completion_class(shell)
    if made is None:  # pragma: no cover - click knows all three
        raise ValueError(f"this release of click has no completion for {shell}")
    root = context.find_root().command
    click.echo(made(root, {}, "m2v-fast", "_M2V_FAST_COMPLETE").source())
