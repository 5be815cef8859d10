"""Flows of a given size, for measuring the checker."""

from pathlib import Path

HEAD = """version: 1
name: bench
inputs:
  city: {type: string, default: Paris}
tools:
  echo:
    description: Say it again
    shell: [echo, "{{ args.text }}"]
    parameters: {text: {type: string}}
assistants:
  guide: {model: gpt-5-mini, instructions: You are a guide., tools: [echo]}
threads:
  talk: {}
steps:
"""


def write_chain_flow(folder: Path, steps: int) -> Path:
    """Write a flow in which each step refers to the one before."""
    lines = [HEAD, "  s0: {assistant: guide, thread: talk, message: 'In {{ inputs.city }}?'}\n"]
    for number in range(1, steps):
        before = f"{{{{ steps.s{number - 1}.output }}}}"
        if number % 2:
            lines.append(f"  s{number}:\n    tool: echo\n    with: {{text: '{before}'}}\n")
        else:
            lines.append(f"  s{number}:\n    assistant: guide\n    message: 'About {before}'\n")
    path = folder / f"chain{steps}.flow.yaml"
    path.write_text("".join(lines))
    return path


def write_hundred_lines(folder: Path) -> Path:
    """Write a flow of a hundred lines, such as people keep."""
    lines = [HEAD]
    for number in range(17):
        need = f" after {{{{ steps.s{number - 1}.output }}}}" if number else ""
        lines.append(
            f"  s{number}:\n    assistant: guide\n    thread: talk\n"
            f"    message: |\n      Tell me about part {number}{need}.\n"
        )
    lines.append("outputs:\n  last: '{{ steps.s16.output }}'\n")
    path = folder / "hundred.flow.yaml"
    path.write_text("".join(lines))
    return path
