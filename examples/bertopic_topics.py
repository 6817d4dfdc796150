"""Topics of a manual with BERTopic: what its paragraphs are about, found without being told.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[bertopic]'
    python examples/bertopic_topics.py

It sorts some hundred paragraphs of Python's own reference manual into topics, and finds the topic
that is nearest to a question. BERTopic names sentence-transformers, and with it torch, among its
needs, but works without: `pip install --no-deps bertopic`, `pip install hdbscan umap-learn pandas
plotly scikit-learn`.
"""

from __future__ import annotations

from pydoc_data.topics import topics as manual

from bertopic import BERTopic
from m2v_fast import BUNDLED_MODEL
from m2v_fast.integrations.bertopic import M2VFastBackend
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import CountVectorizer

COUNT = 600
TOPICS = 12
QUESTION = "Where does Python look for a module?"


def paragraphs(count: int) -> list[str]:
    """Return paragraphs of the manual, without headings and other short lines."""
    found = {
        " ".join(paragraph.split()): None
        for _, text in sorted(manual.items())
        for paragraph in text.split("\n\n")
        if len(paragraph) > 150
    }
    step = max(1, len(found) // count)
    return [*found][::step][:count]


def main() -> None:
    """Find topics, and the topic of a question."""
    model = BERTopic(
        embedding_model=M2VFastBackend(BUNDLED_MODEL),
        # BERTopic's own are UMAP and HDBSCAN, which find out the number of topics themselves.
        umap_model=PCA(10, random_state=0),
        hdbscan_model=KMeans(TOPICS, random_state=0, n_init=3),
        vectorizer_model=CountVectorizer(stop_words="english"),
        top_n_words=5,
    )
    model.fit_transform(paragraphs(COUNT))
    words = {
        number: ", ".join(word for word, _ in found) for number, found in model.get_topics().items()
    }
    for number, count in sorted(model.topic_sizes_.items()):
        print(f"topic {number}, {count} paragraphs: {words[number]}")
    nearest, _ = model.find_topics(QUESTION, top_n=1)
    print(f"nearest to “{QUESTION}”:\n{words[nearest[0]]}")


if __name__ == "__main__":
    main()
