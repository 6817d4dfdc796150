"""Tokenizers of every kind, built here from the standard library's text."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from itertools import product
from math import log
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from tests.support.texts import MULTILINGUAL, paragraphs

if TYPE_CHECKING:
    from collections.abc import Callable

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


@cache
def _words() -> tuple[tuple[str, int], ...]:
    """Lower-case words of the manual with their counts, the most frequent first."""
    counts: Counter[str] = Counter()
    for text in paragraphs():
        counts.update(re.findall(r"[a-z]+|[0-9]+", text.lower()))
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@cache
def _characters() -> tuple[str, ...]:
    """Single characters of several scripts: ASCII, blocks of letters, all of the language list."""
    blocks = (
        range(0x21, 0x7F),
        range(0xA1, 0x180),
        range(0x391, 0x3CA),
        range(0x410, 0x460),
        range(0x5D0, 0x5EB),
        range(0x621, 0x64B),
        range(0x905, 0x93A),
        range(0x1100, 0x1113),
        range(0x1161, 0x1176),
        range(0x11A8, 0x11C3),
        range(0x3041, 0x3097),
        range(0x30A1, 0x30FB),
        range(0x4E00, 0x4E40),
    )
    single = {chr(c) for block in blocks for c in block}
    single |= {c for text in MULTILINGUAL for c in text if not c.isspace()}
    single |= {"👍", "🇩", "½", "①", "…", "—", "’", "“", "”"}
    return tuple(sorted(single | {c.lower() for c in single if len(c.lower()) == 1}))


@cache
def _wordpiece_tokens(size: int) -> tuple[str, ...]:
    """A vocabulary as BERT's: special tokens, characters, words and word ends by frequency."""
    letters = _characters()
    tokens = [*SPECIAL, *letters, *(f"##{c}" for c in letters if c.isalnum())]
    ends: Counter[str] = Counter()
    for word, count in _words():
        for length in range(2, 6):
            if len(word) > length:
                ends[f"##{word[-length:]}"] += count
    frequent_ends = sorted(ends, key=lambda end: (-ends[end], end))
    words = [word for word, _ in _words() if len(word) > 1]
    room = max(size - len(tokens), 0)
    tokens += words[: room * 2 // 3]
    tokens += frequent_ends[: room - room * 2 // 3]
    # Rare letter groups fill a vocabulary that is larger than the manual's.
    fill = (f"##{''.join(group)}" for group in product(ascii_lowercase, repeat=4))
    unique = dict.fromkeys(tokens)
    while len(unique) < size:
        unique.setdefault(next(fill))
    return tuple(unique)[:size] if size >= len(letters) else tuple(unique)


def wordpiece(size: int = 4000, *, lowercase: bool = True) -> Tokenizer:
    """BERT's pipeline, with the post-processor that must not add anything."""
    vocabulary = {token: i for i, token in enumerate(_wordpiece_tokens(size))}
    tokenizer = Tokenizer(
        models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100)
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def wordpiece_cased() -> Tokenizer:
    """The same without lower case, and so with accents kept."""
    return wordpiece(lowercase=False)


def wordpiece_tiny() -> Tokenizer:
    """About 600 tokens: quick to load, for matrices of every width."""
    return wordpiece(0)


def wordpiece_settings() -> Tokenizer:
    """A tokenizer.json that asks for left truncation and padding; both must be overridden."""
    tokenizer = wordpiece(2000)
    tokenizer.enable_truncation(7, stride=2, direction="left")
    tokenizer.enable_padding(direction="left", length=64, pad_id=0, pad_token="[PAD]")
    return tokenizer


def wordpiece_added() -> Tokenizer:
    """Added tokens of every kind: several words, stripping, whole words only, normalized or not."""
    tokenizer = wordpiece(2000)
    tokenizer.add_tokens(
        [
            AddedToken("New York", normalized=True),
            AddedToken("look up", lstrip=True, rstrip=True, normalized=True),
            AddedToken("Boxkämpfer", normalized=True, single_word=True),
            AddedToken("statement", normalized=False, single_word=True),
            AddedToken("向量数据库", normalized=True),
            AddedToken("☺️", normalized=False, rstrip=True),
            AddedToken("  ", normalized=False),
        ]
    )
    return tokenizer


def wordlevel() -> Tokenizer:
    """Whole words only; most texts lose many to the unknown token."""
    words = ["[UNK]", "[PAD]", *(word for word, _ in _words()[:1500]), ".", ",", "的", "и"]
    tokenizer = Tokenizer(
        models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def _unigram_pieces() -> list[tuple[str, float]]:
    counts = _words()
    total = sum(count for _, count in counts)
    pieces: dict[str, float] = {"<s>": 0.0, "<pad>": 0.0, "</s>": 0.0, "<unk>": 0.0, "▁": -3.5}
    for i, character in enumerate(_characters()):
        pieces.setdefault(character, -9.0 - i * 0.001953125)
    for word, count in counts[:1500]:
        pieces.setdefault(f"▁{word}", log(count / total))
    for end, _ in Counter(w[-n:] for w, _ in counts for n in (2, 3) if len(w) > n).most_common(600):
        pieces.setdefault(end, -8.0 - len(pieces) * 0.0009765625)
    return list(pieces.items())


def unigram(*, split: bool = True) -> Tokenizer:
    """SentencePiece's kind: pieces with scores, the best path wins, `unk_id` instead of a token."""
    tokenizer = Tokenizer(models.Unigram(_unigram_pieces(), unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=split)
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>"])
    return tokenizer


def unigram_whole() -> Tokenizer:
    """Unigram over the whole text, not word by word."""
    return unigram(split=False)


def bpe() -> Tokenizer:
    """Byte-level BPE as GPT-2's: no unknown token at all."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=1500,
        show_progress=False,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(paragraphs()[::4], trainer)
    return tokenizer


def bpe_unknown() -> Tokenizer:
    """Character BPE with an unknown token that is fused and then removed."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=1200, show_progress=False, special_tokens=["<unk>"], limit_alphabet=120
    )
    tokenizer.train_from_iterator(paragraphs()[::4], trainer)
    return tokenizer


#: Every kind by name.
KINDS: dict[str, Callable[[], Tokenizer]] = {
    "wordpiece": wordpiece,
    "wordpiece-cased": wordpiece_cased,
    "wordpiece-settings": wordpiece_settings,
    "wordpiece-added": wordpiece_added,
    "wordlevel": wordlevel,
    "unigram": unigram,
    "unigram-whole": unigram_whole,
    "bpe-bytes": bpe,
    "bpe-unknown": bpe_unknown,
}


def as_json(tokenizer: Tokenizer) -> dict[str, Any]:
    """The tokenizer.json as an object, for tests that change it."""
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    return content
