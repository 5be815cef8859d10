"""A quiz on paper: the questions are shown, the answers come from the student's answer sheet."""

from dataclasses import dataclass, field
from pathlib import Path

ANSWER_SHEET = Path(__file__).with_name("quiz_answers.txt")
"""One answer a line, in the order of the questions."""

UNANSWERED = "I don't know."


@dataclass
class Question:
    """One question as the model writes it."""

    question_text: str
    question_type: str = "FREE_RESPONSE"
    choices: list[str] = field(default_factory=list)


def display_quiz(title: str, questions: list[Question]) -> list[str]:
    """Show a quiz and return one answer a question.

    Args:
        title: Title of the quiz.
        questions: What to ask.
    """
    if not questions:
        raise ValueError(f"the quiz `{title}` has no questions")
    print(_as_text(title, questions))
    answers = _answer_sheet()
    return [answers[at] if at < len(answers) else UNANSWERED for at in range(len(questions))]


def _as_text(title: str, questions: list[Question]) -> str:
    lines = [f"Quiz: {title}"]
    for question in questions:
        lines += ["", question.question_text]
        letters = "abcdefghijklmnopqrstuvwxyz"
        lines += [
            f"{letter}. {choice}" for letter, choice in zip(letters, question.choices, strict=False)
        ]
    return "\n".join(lines)


def _answer_sheet() -> list[str]:
    if not ANSWER_SHEET.exists():
        return []
    return [line.strip() or UNANSWERED for line in ANSWER_SHEET.read_text("utf-8").splitlines()]
