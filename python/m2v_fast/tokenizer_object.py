"""Objects of the Hugging Face library `tokenizers`: from JSON, to JSON, and seen to change.

Nothing else in the package needs that library. It is known from 0.21 to 1.0, whose release
candidates have neither `from_str` nor `to_str`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer


def tokens_of(tokenizer_json: str) -> tuple[str, ...]:
    """Return all tokens in the order of their ids, as `Tokenizer.get_vocab` has them."""
    file = json.loads(tokenizer_json)
    pieces = file["model"]["vocab"]
    size = len(pieces)
    if isinstance(pieces, list):  # Unigram: pairs of piece and score, by id
        pieces = {piece: number for number, (piece, _) in enumerate(pieces)}
    found: dict[str, int] = dict(pieces)
    # The library gives ids to added tokens anew, whatever the file says.
    added: dict[str, int] = {}
    highest_added = -1
    for token in file.get("added_tokens") or ():
        content = token["content"]
        if not content or content in added:
            continue
        number = pieces.get(content)
        if number is None:
            number = max(highest_added, size - 1) + 1
        highest_added = max(highest_added, number)
        added[content] = number
    found.update(added)
    return tuple(sorted(found, key=found.__getitem__))


def to_json(tokenizer: Any) -> str:
    """Return a tokenizer as the text of a tokenizer.json.

    Raises:
        TypeError: It is not a tokenizer, or one of a release that writes another format.
        ValueError: It does what no tokenizer.json can say.
    """
    to_str = getattr(tokenizer, "to_str", None)
    if to_str is not None:
        if getattr(tokenizer, "encode_special_tokens", False):
            raise ValueError(
                "the tokenizer encodes special tokens as text (encode_special_tokens), which a "
                "tokenizer.json cannot say and the model does not do: set it to False"
            )
        text: str = to_str()
        return text
    kind = f"{type(tokenizer).__module__}.{type(tokenizer).__qualname__}"
    if not type(tokenizer).__module__.startswith("tokenizers"):
        raise TypeError(f"tokenizer must be a tokenizers.Tokenizer, not {kind}")
    raise TypeError(
        "this release of the package tokenizers (1.0 or later) cannot write a tokenizer as the "
        "tokenizer.json that models hold: save a folder with tokenizer.json and model.safetensors "
        "and load that with from_pretrained, or install 'tokenizers<1'"
    )


def from_json(tokenizer_json: str, max_length: int | None) -> Tokenizer:
    """Make a tokenizer that does not pad and cuts texts to a number of tokens."""
    from tokenizers import Tokenizer

    file = json.loads(tokenizer_json)
    file["padding"] = None
    file["truncation"] = None
    if max_length is not None:
        file["truncation"] = {
            "direction": "Right",
            "max_length": max_length,
            "strategy": "LongestFirst",
            "stride": 0,
        }
    text = json.dumps(file, ensure_ascii=False)
    if hasattr(Tokenizer, "from_str"):
        return Tokenizer.from_str(text)
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokenizer.json"
        path.write_text(text, encoding="utf-8")
        return Tokenizer.from_file(str(path))


#: What can be set on the models of the library (whose `repr` takes long, as it shows pieces).
_SETTINGS = (
    *("__class__", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"),
    *("dropout", "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges"),
)


#: Tokens of a vocabulary that are looked at.
_SAMPLED = 16

#: Direction, stride and strategy: what `enable_truncation` sets, and what has the same effect.
_FIRST_TOKENS = (["right", 0, "longest_first"], ["right", 0, "only_first"])


class Watch:
    """Tells whether a tokenizer that was handed out has been changed since."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._state = _state(tokenizer)

    def limit(self) -> int | None:
        """Return the number of tokens that it cuts texts to now.

        Raises:
            ValueError: It cuts in another way than keeping the first tokens.
        """
        cut = _truncation(self.tokenizer)
        if cut is None:
            return None
        length, *how = cut
        if how not in _FIRST_TOKENS:
            raise ValueError(
                "the truncation of model.tokenizer was changed to something other than keeping the "
                "first tokens, which the model cannot follow: use enable_truncation(max_length)"
            )
        return length

    def cut(self, length: int | None) -> None:
        """Set the number of tokens that it cuts texts to, if it is another one."""
        wanted = None if length is None else (length, *_FIRST_TOKENS[0])
        if _truncation(self.tokenizer) == wanted:
            return
        if not hasattr(self.tokenizer, "enable_truncation"):  # 1.0
            from tokenizers import Truncation

            self.tokenizer.truncation = None if length is None else Truncation(length)
        elif length is None:
            self.tokenizer.no_truncation()
        else:
            self.tokenizer.enable_truncation(length)

    def changed(self) -> bool:
        """Whether something other than the truncation is not as it was."""
        return _state(self.tokenizer) != self._state


def pads(tokenizer: Any) -> bool:
    """Whether a tokenizer adds tokens to short texts, which would count in their vectors."""
    padding = tokenizer.padding
    if not isinstance(padding, dict):  # 1.0
        return padding is not None
    # To no tokens at all: how model2vec switches it off and keeps the token.
    return padding["length"] != 0 or bool(padding["pad_to_multiple_of"])


def _truncation(tokenizer: Any) -> tuple[int, Any, Any, Any] | None:
    """The number of tokens that are kept, and direction, stride and strategy, if any are cut."""
    truncation = tokenizer.truncation
    if truncation is None:
        return None
    if not isinstance(truncation, dict):  # 1.0
        return truncation.max_length, truncation.direction, 0, truncation.strategy
    names = ("max_length", "direction", "stride", "strategy")
    length, *how = (truncation[name] for name in names)
    return length, *how


def _state(tokenizer: Any) -> tuple[Any, ...]:
    # Not the vocabulary itself, which would take long: it can only be replaced along with the
    # model, or be added to. A few of its tokens tell one model from another.
    if not hasattr(tokenizer, "to_str"):
        return (pads(tokenizer),)  # in 1.0 nothing else can be set
    model = tokenizer.model
    size = tokenizer.get_vocab_size()
    return (
        _part(tokenizer.normalizer),
        _part(tokenizer.pre_tokenizer),
        tuple(getattr(model, name, None) for name in _SETTINGS),
        size,
        tuple(tokenizer.id_to_token(size * part // _SAMPLED) for part in range(_SAMPLED)),
        tokenizer.encode_special_tokens,
        pads(tokenizer),
        # Their flags decide where they are found; `repr` shows all of them.
        repr(sorted(tokenizer.get_added_tokens_decoder().items())),
    )


def _part(part: Any) -> Any:
    return None if part is None else repr(part)
