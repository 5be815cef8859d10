"""Write `schemas/` anew from the models; `tests/architecture/test_public.py` says when it is due."""

from pathlib import Path

from flowrun.views.schemas import all_schemas, schema_text

FOLDER = Path(__file__).resolve().parents[1] / "schemas"


def write_schemas() -> None:
    """Write every schema, and remove files that no schema belongs to."""
    wanted = {f"{name}.schema.json": schema_text(schema) for name, schema in all_schemas().items()}
    FOLDER.mkdir(exist_ok=True)
    for stale in FOLDER.glob("*.schema.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write_schemas()
