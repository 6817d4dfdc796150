"""Random texts in many languages without end: nothing that a cache could come to know whole."""

from __future__ import annotations

import random
from itertools import count, islice
from typing import TYPE_CHECKING

from tests.support import testdata
from tests.support.texts import AWKWARD, MULTILINGUAL, paragraphs, random_unicode

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Letters that made-up words are of, a script each.
ALPHABETS: tuple[str, ...] = (
    "abcdefghijklmnopqrstuvwxyz",
    "aàbcçdeéèêfghiîjklmnoôpqrstuùüvwxyzß",
    "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ",
    "אבגדהוזחטיכלמנסעפצקרשת",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह",
    "กขคงจฉชซญฎฏฐณดตถทธนบปผฝพฟภมยรลวศษสหอฮ",
    "あいうえおかきくけこさしすせそたちつてとなにぬねのアイウエオ",
    "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年",
    "가나다라마바사아자차카타파하거너더러머버서어저처커터퍼허",
)


def word(rng: random.Random) -> str:
    """A word that nobody has seen."""
    return "".join(rng.choices(rng.choice(ALPHABETS), k=rng.randint(1, 14)))


def _made_up(rng: random.Random) -> str:
    return " ".join(word(rng) for _ in range(rng.randint(1, 60)))


def texts(seed: int) -> Iterator[str]:
    """Texts of all kinds: prose, shuffled prose, words that are new, any characters at all."""
    rng = random.Random(seed)
    prose = [*paragraphs(), *MULTILINGUAL, *AWKWARD]
    for language in testdata.LANGUAGES:
        prose += testdata.corpus(language)
    for turn in count():
        kind = rng.random()
        if kind < 0.4:
            yield rng.choice(prose)
        elif kind < 0.6:
            words = " ".join(rng.sample(prose, 3)).split()
            rng.shuffle(words)
            yield rng.choice(" \t\n\u3000").join(words)
        elif kind < 0.9:
            yield _made_up(rng)
        else:
            yield random_unicode(1, seed * 1_000_003 + turn)[0]


def batches(seed: int, size: int) -> Iterator[list[str]]:
    """The same in lists."""
    source = texts(seed)
    while True:
        yield list(islice(source, size))
