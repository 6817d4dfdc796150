"""Keywords of texts with KeyBERT: the words whose vectors are nearest to that of their text.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[keybert]'
    python examples/keybert_keywords.py

KeyBERT names sentence-transformers, and with it torch, among its needs, but works without:
`pip install --no-deps keybert`, `pip install scikit-learn rich`.
"""

from __future__ import annotations

from keybert import KeyBERT
from m2v_fast import BUNDLED_MODEL, demo
from m2v_fast.integrations.keybert import M2VFastBackend


def main() -> None:
    """Print the three best keywords of each text."""
    extractor = KeyBERT(M2VFastBackend(BUNDLED_MODEL))
    for text, keywords in zip(
        demo.DOCUMENTS, extractor.extract_keywords(demo.DOCUMENTS, top_n=3), strict=True
    ):
        found = ", ".join(f"{word} {score:.2f}" for word, score in keywords)
        print(f"{found:50} {text}")


if __name__ == "__main__":
    main()
