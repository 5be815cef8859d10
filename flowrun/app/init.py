"""Make a small project that runs at once, offline: one flow, its replies, its tool, its settings.

Nothing that is there is overwritten; `.gitignore` alone is added to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flowrun.errors import BadRequest

FLOW_PATH = "flows/support_reply.flow.yaml"
REPLIES_PATH = "flows/support_reply.replies.yaml"
IGNORED = ".flowrun/"

FLOW = """\
# yaml-language-server: $schema=../schemas/flow.schema.json
# Answer a customer's letter: look the order up, draft a reply, then make it short.
version: 1
name: support-reply
inputs:
  letter: {type: string, default: "Hello, where is my order 1001? Kind regards, Ada"}
  tone: {type: string, enum: [friendly, formal], default: friendly}

tools:
  find_order:
    python: order_tools:find_order       # schema from the signature and the docstring
    effect: repeatable                   # it only reads

assistants:
  clerk:
    model: gpt-5-mini
    instructions: |
      You answer letters to a small bookshop in a {{ inputs.tone }} tone.
      Look orders up; never guess where one is.
    tools: [find_order]

threads:
  case: {}

steps:
  draft:
    assistant: clerk
    thread: case
    message: |
      Draft a reply to this letter.

      {{ inputs.letter }}
  shorten:
    assistant: clerk
    thread: case                         # same thread: runs after draft and remembers it
    message: Make it two sentences.

outputs:
  reply: "{{ steps.shorten.output }}"
"""

REPLIES = """\
# yaml-language-server: $schema=../schemas/replies.schema.json
# What the scripted model answers, so that the flow runs without a key or a network.
version: 1
replies:
  - when: {assistant: clerk, user: draft a reply}
    call:
      - {tool: find_order, arguments: {number: 1001}}
  - when: {assistant: clerk, after: find_order}
    say: |
      Dear Ada,
      thank you for your letter. Your order 1001, "A Room with a View", left our shop on Monday
      and should be with you by Thursday. Please write again if it is not.
      Kind regards, the bookshop
  - when: {assistant: clerk, user: two sentences}
    say: Dear Ada, your order 1001 left our shop on Monday. It should be with you by Thursday.
"""

TOOL = '''\
"""Tools of the support flow: plain functions; the model is shown signature and docstring."""

ORDERS = {
    1001: {"title": "A Room with a View", "state": "shipped", "expected": "Thursday"},
    1002: {"title": "Middlemarch", "state": "waiting for stock", "expected": "unknown"},
}


def find_order(number: int) -> dict[str, str]:
    """Look up an order of the shop.

    Args:
        number: The order's number, four digits.
    """
    if number not in ORDERS:
        raise ValueError(f"there is no order {number}")
    return ORDERS[number]
'''

SETTINGS = """\
# yaml-language-server: $schema=schemas/project.schema.json
# Settings of this project, and the mark of its root. All of it is optional.
version: 1
# endpoints:
#   ollama: {base_url: "http://localhost:11434/v1"}
#   vllm: {base_url: "https://models.example.com/v1", api_key: "${secret:VLLM_KEY}"}
# default_endpoint: ollama
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProject:
    """What `make_project` did; paths from the folder, with slashes."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    """Files that were there and were left alone."""


def make_project(folder: Path, schemas: Mapping[str, str]) -> NewProject:
    """Write the project's files into a folder, which is made if need be.

    Args:
        folder: The project's root.
        schemas: Texts of the JSON Schemas that editors complete by: file name and text.

    Raises:
        BadRequest: the folder is a file, or cannot be written to.
    """
    files = {
        "flowrun.yaml": SETTINGS,
        FLOW_PATH: FLOW,
        REPLIES_PATH: REPLIES,
        "flows/order_tools.py": TOOL,
        **{f"schemas/{name}": text for name, text in schemas.items()},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = {path: _write_new(folder / path, text) for path, text in files.items()}
        made[".gitignore"] = _ignore(folder / ".gitignore")
    except OSError as failure:
        problem = f"`{folder}`: {failure.strerror or 'cannot be written'}"
        raise BadRequest(message=problem, hint="name a folder you may write to") from failure
    return NewProject(
        written=tuple(path for path, is_new in made.items() if is_new),
        kept=tuple(path for path, is_new in made.items() if not is_new),
    )


def _write_new(path: Path, text: str) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True


def _ignore(path: Path) -> bool:
    """Add the store's folder to the file, unless a line says so already."""
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    if any(line.strip().strip("/") == IGNORED.strip("/") for line in known.splitlines()):
        return False
    gap = "" if known.endswith("\n") or not known else "\n"
    with path.open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{gap}{IGNORED}\n")
    return True
