"""One model for each engine that makes ids, so that a run goes through all of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from m2v_fast import BUNDLED_MODEL, StaticModel
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

from tests.support import testdata, vocabularies
from tests.support.folders import Shape, write_folder
from tests.support.texts import paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

#: Phrases that are added tokens of the models with many of them: in lower case, since two that
#: become the same would send a model to the fallback.
PHRASES: tuple[str, ...] = tuple(
    dict.fromkeys(
        " ".join(words[i : i + 2]).lower()
        for text in paragraphs()[:400]
        if len(words := [word for word in text.split() if word.isalpha()]) > 8
        for i in (1, 5)
    )
)[:400]


def _with_phrases(tokenizer: Tokenizer) -> Tokenizer:
    """The tokenizer with many added tokens of all kinds."""
    tokenizer.add_tokens(
        [
            AddedToken(phrase, lstrip=i % 2 == 0, rstrip=i % 3 == 0, normalized=i % 5 != 0)
            for i, phrase in enumerate(PHRASES)
        ]
    )
    return tokenizer


def _unusual() -> Tokenizer:
    """A WordLevel model behind steps that no engine of ours has."""
    tokenizer = Tokenizer(models.WordLevel(vocabularies.wordlevel().get_vocab(), unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Nmt()
    # What looks behind needs what comes before a match.
    behind = pre_tokenizers.Split(Regex("(?<=[aeiou])x"), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Whitespace(), behind])
    return tokenizer


_MAKERS: dict[str, Callable[[], Tokenizer]] = {
    "wordpiece": vocabularies.wordpiece,
    "wordpiece, added": lambda: _with_phrases(vocabularies.wordpiece(2000)),
    "unigram": vocabularies.unigram,
    "unigram, whole text": vocabularies.unigram_whole,
    "unigram, added": lambda: _with_phrases(vocabularies.unigram()),
    "bpe, bytes": vocabularies.bpe,
    "bpe, characters": vocabularies.bpe_unknown,
    "bpe, added": lambda: _with_phrases(vocabularies.bpe()),
    "wordlevel": vocabularies.wordlevel,
    "fallback": _unusual,
}

#: What can be made, and the engine that each must run on, if that is known.
NAMES: dict[str, str] = {
    **{name: name.split(",")[0] for name in _MAKERS},
    **dict.fromkeys(testdata.TOKENIZERS, ""),
}


def write(root: Path, name: str, width: int = 32) -> Path:
    """Writes the model of that name (one of `NAMES`) below `root` and returns its folder."""
    path = root / name.replace(", ", "-").replace(" ", "-")
    if name in testdata.TOKENIZERS:
        source: Tokenizer | Path = testdata.model_folder(name) / "tokenizer.json"
    else:
        source = _MAKERS[name]()
    return write_folder(path, source, Shape(width=width), config={"normalize": True}).path


def load_all(root: Path, names: Iterable[str] = NAMES) -> dict[str, StaticModel]:
    """The models by name, and the bundled one; each on the engine that it is there for."""
    made = {}
    for name in names:
        made[name] = StaticModel.from_pretrained(write(root, name))
        if NAMES[name] not in ("", made[name].engine):
            raise AssertionError(f"{name} runs on {made[name].engine}")
    made[BUNDLED_MODEL] = StaticModel.from_pretrained(BUNDLED_MODEL)
    return made


def main() -> None:
    """Writes every model below the folder that is named on the command line."""
    for name in NAMES:
        print(write(Path(sys.argv[1]), name))


if __name__ == "__main__":
    main()
