"""What the examples of searching read and ask: paragraphs of Python's own reference manual."""

from __future__ import annotations

from pydoc_data.topics import topics

COUNT = 600
QUESTIONS = [
    "Where does the import statement look for a module?",
    "What is the precedence of the operators?",
    "Which method decides whether an object is true or false?",
    "How is an exception handled?",
]


def paragraphs(count: int = COUNT) -> list[tuple[str, str]]:
    """Return (topic, paragraph) pairs of the manual, without headings and other short lines."""
    pairs = (
        (topic, paragraph.strip())
        for topic, text in sorted(topics.items())
        for paragraph in text.split("\n\n")
        if len(paragraph) > 150
    )
    unique = {paragraph: topic for topic, paragraph in pairs}
    step = max(1, len(unique) // count)
    return [(topic, paragraph) for paragraph, topic in [*unique.items()][::step]][:count]


def hit(score: float | None, topic: str, text: str) -> str:
    """Return one line that shows a paragraph that was found."""
    number = "" if score is None else f"{score:.3f}  "
    return f"  {number}[{topic}] {' '.join(text.split())[:90]} …"
