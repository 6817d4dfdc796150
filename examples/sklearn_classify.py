"""Sorting messages with scikit-learn: a classifier of texts that trains in milliseconds.

Install, then run; nothing is downloaded, as the model comes with the package:

    pip install '.[scikit-learn]'
    python examples/sklearn_classify.py

It searches for the best settings of embedder and classifier together, tells how well they do on
messages that they have not seen, and sorts a few new ones.
"""

from __future__ import annotations

from m2v_fast import BUNDLED_MODEL
from m2v_fast.integrations.sklearn import TextEmbedder
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

MESSAGES = {
    "billing": [
        "I was charged twice for the same invoice.",
        "Please send me a receipt for my last payment.",
        "My credit card was declined although there is money on it.",
        "How do I get a refund for this month?",
        "The amount on the bill is not the price you quoted.",
        "Can I pay by bank transfer instead?",
        "When will the subscription fee be debited?",
        "There is a mistake in the tax on my invoice.",
    ],
    "delivery": [
        "My parcel has not arrived yet.",
        "The courier left the package in the rain.",
        "Can you ship to another address?",
        "The tracking number does not work.",
        "How long does shipping to Norway take?",
        "The box was damaged when it was delivered.",
        "I was not at home when the driver came.",
        "Half of the items are missing from the shipment.",
    ],
    "technical": [
        "The app crashes when I open the settings.",
        "I cannot log in with my new password.",
        "The page shows an error message and stays blank.",
        "Since the update the program is very slow.",
        "How do I reset the device to its defaults?",
        "The screen freezes after a few minutes.",
        "The software does not find my printer.",
        "Installation stops with an unknown error.",
    ],
}
NEW = [
    "Why is there a second charge on my card?",
    "Where is the package that I ordered last week?",
    "After installing the new version the program does not start.",
]


def main() -> None:
    """Train, measure and sort."""
    texts = [text for group in MESSAGES.values() for text in group]
    labels = [name for name, group in MESSAGES.items() for _ in group]
    pipeline = Pipeline(
        [("embed", TextEmbedder(BUNDLED_MODEL)), ("classify", LogisticRegression(max_iter=1000))]
    )
    settings = {
        "embed__normalize": [True, False],
        "embed__dimensionality": [64, None],
        "classify__C": [1.0, 10.0, 100.0],
    }
    # n_jobs=2 works as well; a search this small is over before the processes have started.
    search = GridSearchCV(pipeline, settings, cv=4).fit(texts, labels)
    print(f"accuracy in cross-validation: {search.best_score_:.2f} with {search.best_params_}")
    for text, label in zip(NEW, search.predict(NEW), strict=True):
        print(f"  {label:10} {text}")


if __name__ == "__main__":
    main()
