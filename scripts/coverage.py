"""Counts how much of what a tokenizer.json can say runs on an engine of ours: `make coverage`.

Every normalizer of tokenizers 0.23 with every pre-tokenizer and every model, and the real files of
the folder that `M2V_FAST_TEST_DATA` names. Printed are, for each kind of model, the pairs that are
fast of those that load, the parts that most of the others have, and each real file with its engine.
That the ids are right is what the tests hold; here nothing is encoded.
"""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from m2v_fast import ModelError
from m2v_fast._native import Model

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LETTERS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
#: What LLMs of some families split at.
REGEXES = {
    "GPT-2": GPT2,
    "GPT-4": _LETTERS + r"\p{N}{1,3}" + _REST,
    "Qwen 2": _LETTERS + r"\p{N}" + _REST,
    "DeepSeek": r"\p{N}{1,3}",
    "ModernBERT": _LETTERS.replace("(?i:", "(?:") + r"\p{N}{1,3}" + _REST,
    "CLIP": r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]"
    r"|[^\s\p{L}\p{N}]+",
}
BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")


def part(kind: str, **settings: Any) -> dict[str, Any]:
    """Return a part of a tokenizer.json."""
    return {"type": kind, **settings}


def replace(content: str, **pattern: str) -> dict[str, Any]:
    """Return a `Replace`."""
    return part("Replace", pattern=pattern, content=content)


def split(behavior: str, **pattern: str) -> dict[str, Any]:
    """Return a `Split`."""
    return part("Split", pattern=pattern, behavior=behavior, invert=False)


def normalizers() -> dict[str, Any]:
    """Return every normalizer, and lists of them."""
    bert = part(
        *("BertNormalizer",),
        clean_text=True,
        handle_chinese_chars=True,
        strip_accents=None,
        lowercase=True,
    )
    plain = {
        name: part(name)
        for name in ("NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel")
    }
    nested = part("Sequence", normalizers=[part("Sequence", normalizers=[part("NFKC")])])
    accents = [part("NFD"), part("Lowercase"), part("StripAccents")]
    return {
        "none": None,
        "BertNormalizer": bert,
        **plain,
        "Strip": part("Strip", strip_left=True, strip_right=True),
        "Precompiled": part("Precompiled", precompiled_charsmap=_small_map()),
        "Replace, string": replace("▁", String=" "),
        "Replace, regex": replace(" ", Regex=r"\s+"),
        "Prepend": part("Prepend", prepend="▁"),
        "Sequence of one": part("Sequence", normalizers=[bert]),
        "Sequence, nested": nested,
        "Sequence, accents": part("Sequence", normalizers=accents),
    }


def _small_map() -> str:
    """A map that maps nothing: an empty trie, in base 64."""
    import base64

    units = b"\0" * 1024
    return base64.b64encode(len(units).to_bytes(4, "little") + units + b"\0").decode()


def pre_tokenizers() -> dict[str, Any]:
    """Return every pre-tokenizer, and lists of them."""
    byte_level = part("ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True)
    bare = {**byte_level, "use_regex": False}
    all_: dict[str, Any] = {
        "none": None,
        **{n: part(n) for n in ("BertPreTokenizer", "Whitespace", "WhitespaceSplit")},
        "Digits": part("Digits", individual_digits=False),
        "Digits, each": part("Digits", individual_digits=True),
        "CharDelimiterSplit": part("CharDelimiterSplit", delimiter="-"),
        "UnicodeScripts": part("UnicodeScripts"),
        "FixedLength": part("FixedLength", length=5),
        "ByteLevel": byte_level,
        "ByteLevel, prefix": {**byte_level, "add_prefix_space": True},
    }
    for behavior in BEHAVIORS:
        all_[f"Punctuation, {behavior}"] = part("Punctuation", behavior=behavior)
        all_[f"Split at a string, {behavior}"] = split(behavior, String=" ")
    for name, regex in REGEXES.items():
        cut = split("Isolated", Regex=regex)
        all_[f"Split, {name}"] = cut
        all_[f"Split, {name}; ByteLevel"] = part("Sequence", pretokenizers=[cut, bare])
    for scheme in ("always", "first", "never"):
        for whole in (True, False):
            all_[f"Metaspace, {scheme}, split {whole}"] = part(
                "Metaspace", replacement="▁", prepend_scheme=scheme, split=whole
            )
    spaced = [part("WhitespaceSplit"), part("Digits", individual_digits=True)]
    all_["Sequence"] = part("Sequence", pretokenizers=spaced)
    return all_


def models() -> dict[str, list[dict[str, Any]]]:
    """Return the models of each kind."""
    pieces = ["[UNK]", *"abcdefghi ▁Ġ", "##a", "ab", "ab</w>", "a</w>"]
    pieces += [f"<0x{byte:02X}>" for byte in range(256)]
    ids = {piece: number for number, piece in enumerate(pieces)}
    scores = [[piece, -1.0 - number / 100] for number, piece in enumerate(pieces)]
    bpe = {
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": False,
        "vocab": ids,
        "merges": [["a", "b"]],
    }
    word_piece = {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100}
    return {
        "WordPiece": [part("WordPiece", unk_token="[UNK]", vocab=ids, **word_piece)],
        "WordLevel": [part("WordLevel", unk_token="[UNK]", vocab=ids)],
        "Unigram": [
            part("Unigram", unk_id=0, vocab=scores, byte_fallback=fallback)
            for fallback in (False, True)
        ]
        + [part("Unigram", unk_id=None, vocab=scores, byte_fallback=False)],
        "BPE": [
            part("BPE", **{**bpe, **changed})
            for changed in (
                *({}, {"unk_token": "[UNK]"}, {"unk_token": "[UNK]", "fuse_unk": True}),
                *({"byte_fallback": True}, {"ignore_merges": True}),
                {"continuing_subword_prefix": "##", "merges": [["a", "##a"]], "vocab": None},
                {"end_of_word_suffix": "</w>", "merges": [["a", "b</w>"]], "vocab": None},
            )
        ],
    }


def _complete(model: dict[str, Any]) -> dict[str, Any]:
    """Fill in the vocabulary that merges with a prefix or suffix need."""
    if model["vocab"] is None:
        names = ["a", "b", "##a", "##b", "a##a", "aa", "b</w>", "a</w>", "ab</w>"]
        model["vocab"] = {name: number for number, name in enumerate(names)}
    return model


def engine(text: str) -> tuple[str, str | None]:
    """Return the engine that a tokenizer.json runs on, and why if it is not one of ours.

    Raises:
        ModelError: It does not load.
    """
    file = json.loads(text)
    vocab = file["model"]["vocab"]
    names = {piece for piece, _ in vocab} if isinstance(vocab, list) else set(vocab)
    # An added token of nothing is none.
    names |= {token["content"] for token in file.get("added_tokens") or ()} - {""}
    model = Model.from_parts(np.zeros((len(names), 1), np.float32), "float32", text)
    return model.engine, model.engine_reason


def file_of(normalizer: Any, pre_tokenizer: Any, model: Any) -> str:
    """Return a whole tokenizer.json, with added tokens of each flag."""
    flags = ("single_word", "lstrip", "rstrip", "normalized", "special")
    count = len(model["vocab"])
    added = [
        {
            "id": count + n,
            "content": f"[{flag}]",
            **{name: name == flag for name in flags},
        }
        for n, flag in enumerate(flags)
    ]
    return json.dumps(
        {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": normalizer,
            "pre_tokenizer": pre_tokenizer,
            "post_processor": None,
            "decoder": None,
            "model": model,
        }
    )


def count_pairs() -> None:
    """Print the table of pairs."""
    print("| model | fast | tried | % |\n|:--|--:|--:|--:|")
    slow: Counter[tuple[str, str]] = Counter()
    for kind, variants in models().items():
        tried = fast = 0
        for normalizer in normalizers().values():
            for pre_tokenizer in pre_tokenizers().values():
                for model in map(_complete, variants):
                    try:
                        found, why = engine(file_of(normalizer, pre_tokenizer, model))
                    except ModelError:
                        continue
                    tried += 1
                    fast += found != "fallback"
                    if found == "fallback":
                        slow[kind, why or ""] += 1
        print(f"| {kind} | {fast} | {tried} | {100 * fast / tried:.0f} |")
    print("\n| model | why not | pairs |\n|:--|:--|--:|")
    for (kind, why), count in slow.most_common(30):
        print(f"| {kind} | {why} | {count} |")


def count_files(folder: Path) -> None:
    """Print each real file with its engine."""
    files = sorted([*folder.glob("*.json.gz"), *folder.glob("*.json")])
    fast = 0
    print("\n| file | engine | why |\n|:--|:--|:--|")
    for path in files:
        data = path.read_bytes()
        text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
        try:
            found, why = engine(text)
        except ModelError as error:
            found, why = "none", str(error)
        fast += found not in ("fallback", "none")
        print(f"| {path.name} | {found} | {why or ''} |")
    print(f"\n{fast} of {len(files)} real files run on an engine of ours.")


def main() -> None:
    """Print both."""
    count_pairs()
    if data := os.environ.get("M2V_FAST_TEST_DATA"):
        count_files(Path(data) / "tokenizers")


if __name__ == "__main__":
    main()
