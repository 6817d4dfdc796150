"""Makes the tokenizers that tests and benchmarks want, out of corpora and a WordPiece file.

    python scripts/make_test_tokenizers.py OUT --wordpiece tokenizer.json --corpora FOLDER

OUT gets a folder with a tokenizer.json for each:

unigram-whole      the family that Model2Vec wrote in 2025: a WordPiece vocabulary made Unigram,
                   with scores by length alone, over whole texts (Metaspace without split)
unigram-spanning   the same with pieces of several words
unigram-trained    trained on the corpora: NFKC, WhitespaceSplit, byte fallback
unigram-first      trained, without normalizer, prepend_scheme first, without split
unigram-500k       500,353 pieces, as many as the biggest models have: the most frequent
                   parts of words (Metaspace with split)
wordlevel-bert     the 30,000 most frequent words, as BertNormalizer and BertPreTokenizer give them
wordlevel-words    the same with Lowercase and Whitespace
wordlevel-split    the same without normalizer, with WhitespaceSplit

Each is timed by `m2v-fast bench OUT/NAME --rows float32`, which puts random rows beside it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import Unigram, WordLevel
from tokenizers.trainers import UnigramTrainer, WordLevelTrainer

MARK = "\u2581"


def texts(corpora: Path, every: int) -> Iterator[str]:
    for path in sorted(corpora.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                if number % every == 0:
                    yield json.loads(line)["text"]


def spaced_punctuation() -> normalizers.Normalizer:
    return normalizers.Sequence(
        [
            normalizers.BertNormalizer(),
            *(normalizers.Replace(c, f" {c} ") for c in string.punctuation),
            normalizers.Replace(Regex(r"\s+"), " "),
            normalizers.Strip(),
        ]
    )


def scored(pieces: list[str]) -> list[tuple[str, float]]:
    """Longer pieces are better, and nothing else counts: few distinct scores, so many ties."""
    weights = [len(p) + p.count(MARK) + p.startswith(MARK) for p in pieces]
    total = sum(weights)
    return [
        (piece, math.log(weight / total)) for piece, weight in zip(pieces, weights, strict=True)
    ]


def whole(wordpiece: Path, extra: list[str]) -> Tokenizer:
    vocabulary = json.loads(wordpiece.read_text(encoding="utf-8"))["model"]["vocab"]
    pieces = []
    for token in sorted(vocabulary, key=vocabulary.__getitem__):
        special = token.startswith("[") and token.endswith("]") and len(token) > 2
        pieces.append(token if special else token[2:] if token.startswith("##") else MARK + token)
    pieces = list(dict.fromkeys(piece for piece in [*pieces, *extra] if piece))
    tokenizer = Tokenizer(
        Unigram(scored(pieces), unk_id=pieces.index("[UNK]"), byte_fallback=False)
    )
    tokenizer.normalizer = spaced_punctuation()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=False)
    return tokenizer


def word_pairs(corpora: Path, count: int) -> list[str]:
    normalize = spaced_punctuation().normalize_str
    pairs: Counter[str] = Counter()
    for text in texts(corpora, 10):
        words = normalize(text).split(" ")
        for size in (2, 3):
            runs = zip(*(words[start:] for start in range(size)), strict=False)
            pairs.update("".join(MARK + word for word in run) for run in runs)
    return [pair for pair, _ in pairs.most_common(count)]


def trained(
    corpora: Path, size: int, cut: pre_tokenizers.PreTokenizer, alphabet: list[str]
) -> Tokenizer:
    tokenizer = Tokenizer(Unigram())
    tokenizer.pre_tokenizer = cut
    trainer = UnigramTrainer(
        vocab_size=size,
        special_tokens=["<unk>", "<s>", "</s>", *alphabet],
        unk_token="<unk>",
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts(corpora, 40), trainer)
    return tokenizer


def parts(corpora: Path, size: int) -> Tokenizer:
    """Every character, and the most frequent parts of words up to `size` pieces in all."""
    frequent = Counter(MARK + word for text in texts(corpora, 2) for word in text.split())
    counts: Counter[str] = Counter()
    for word, count in frequent.items():
        for start in range(len(word)):
            for end in range(start + 1, min(start + 9, len(word) + 1)):
                # The mark is only ever the first character of a piece.
                if MARK not in word[start + 1 : end]:
                    counts[word[start:end]] += count
    chars = {piece: count for piece, count in counts.items() if len(piece) == 1}
    pieces = dict(counts.most_common(size - 1)) | chars
    while len(pieces) > size - 1:
        pieces.pop(next(piece for piece in reversed(pieces) if len(piece) > 1))
    total = sum(pieces.values())
    vocabulary = [("<unk>", 0.0), *((p, math.log(count / total)) for p, count in pieces.items())]
    tokenizer = Tokenizer(Unigram(vocabulary, unk_id=0, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    return tokenizer


def words(
    corpora: Path, normalizer: normalizers.Normalizer | None, cut: pre_tokenizers.PreTokenizer
) -> Tokenizer:
    tokenizer = Tokenizer(WordLevel({}, unk_token="[UNK]"))
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = cut
    trainer = WordLevelTrainer(vocab_size=30_000, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(texts(corpora, 2), trainer)
    return tokenizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--wordpiece", type=Path, required=True)
    parser.add_argument("--corpora", type=Path, required=True)
    arguments = parser.parse_args()

    def save(name: str, content: str) -> None:
        folder = arguments.out / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(content, encoding="utf-8")
        print(folder)

    save("unigram-whole", whole(arguments.wordpiece, []).to_str())
    pairs = word_pairs(arguments.corpora, 5000)
    save("unigram-spanning", whole(arguments.wordpiece, pairs).to_str())

    split = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    octets = [f"<0x{byte:02X}>" for byte in range(256)]
    model = json.loads(trained(arguments.corpora, 6000, split, octets).to_str())
    model["model"]["byte_fallback"] = True
    model["added_tokens"] = [token for token in model["added_tokens"] if token["content"] == "<s>"]
    model["normalizer"] = {"type": "NFKC"}
    save("unigram-trained", json.dumps(model, ensure_ascii=False))

    cut = pre_tokenizers.Metaspace(prepend_scheme="first", split=True)
    model = json.loads(trained(arguments.corpora, 6000, cut, []).to_str())
    model["pre_tokenizer"]["split"] = False
    save("unigram-first", json.dumps(model, ensure_ascii=False))

    corpora = arguments.corpora
    save("unigram-500k", parts(corpora, 500_353).to_str())
    bert = words(corpora, normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    save("wordlevel-bert", bert.to_str())
    plain = words(corpora, normalizers.Lowercase(), pre_tokenizers.Whitespace())
    save("wordlevel-words", plain.to_str())
    save("wordlevel-split", words(corpora, None, pre_tokenizers.WhitespaceSplit()).to_str())


if __name__ == "__main__":
    main()
