"""The scikit-learn adapter: scikit-learn's own checks, pipelines, searches, data frames."""

from __future__ import annotations

import pickle
import re
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel, demo

from tests.support import adapters

if any(find_spec(name) is None for name in ("sklearn", "pandas", "polars")):
    pytest.skip("needs sklearn, pandas and polars", allow_module_level=True)

import pandas as pd
import polars as pl
from m2v_fast.integrations.sklearn import TextEmbedder
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.validation import check_is_fitted

DOCUMENTS = demo.DOCUMENTS
#: Two kinds of texts that a vector tells apart.
FOOD = [
    f"{verb} the {food}" for verb in ("bake", "fry", "eat") for food in ("bread", "fish", "cake")
]
MUSIC = [
    f"{verb} the {what}" for verb in ("play", "sing", "hear") for what in ("song", "tune", "flute")
]
TEXTS, LABELS = [*FOOD, *MUSIC], ["food"] * len(FOOD) + ["music"] * len(MUSIC)

#: The checks of `check_estimator` that apply to a transformer of texts. It leaves out all of them
#: for one that takes no numbers, so they are called by name; `fit` does not look at the texts,
#: which is why those that fit to numbers run. Not here are:
#: those that transform numbers (fit_score_takes_y, readonly_memmap_input, transformer_general,
#: transformers_unfitted_stateless, methods_subset_invariance, …; their wishes are tested below),
#: those of a number of features or of its names (n_features_in, dataframe_column_names, fit2d_…),
#: dont_overwrite_parameters, which takes column 0 of what it made one-dimensional,
#: of classes and targets, sample weights, sparse arrays, NaN and complex numbers, and those that
#: want an error before `fit` (estimators_unfitted), since there is nothing to fit.
CHECKS = [
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_tags_renamed",
    "check_estimators_fit_returns_self",
    "check_estimators_overwrite_params",
    "check_fit_check_is_fitted",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_transformer_n_iter",
    "check_valid_tag_types",
]


@pytest.fixture
def embedder() -> Any:
    """The adapter, with the bundled model."""
    return TextEmbedder(BUNDLED_MODEL)


@pytest.fixture(scope="module")
def expected() -> Any:
    """What the model makes of the documents."""
    return StaticModel.from_pretrained(BUNDLED_MODEL).encode(DOCUMENTS)


@pytest.mark.parametrize("name", CHECKS)
def test_scikit_learn_s_own_check(
    embedder: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some checks make an object of their own, with the default for the model's name.
    monkeypatch.setattr(TextEmbedder.__init__, "__defaults__", (BUNDLED_MODEL,))
    getattr(estimator_checks, name)("TextEmbedder", embedder)


def test_the_vectors_are_the_model_s(embedder: Any, expected: Any) -> None:
    containers: list[Any] = [
        DOCUMENTS,
        tuple(DOCUMENTS),
        np.array(DOCUMENTS),
        np.array(DOCUMENTS, object),
        pd.Series(DOCUMENTS),
        pl.Series(DOCUMENTS),
        iter(DOCUMENTS),
    ]
    for texts in containers:
        vectors = clone(embedder).fit_transform(texts)
        assert vectors.dtype == np.float32
        assert np.array_equal(vectors, expected)
    assert embedder.transform([]).shape == (0, 256)


def test_transform_without_fit(embedder: Any, expected: Any) -> None:
    check_is_fitted(embedder)
    assert np.array_equal(embedder.transform(DOCUMENTS), expected)
    # Neither order nor company of a text changes its vector.
    assert np.array_equal(embedder.transform(DOCUMENTS[::-1]), expected[::-1])
    assert np.array_equal(embedder.transform(DOCUMENTS[3:4]), expected[3:4])


def test_names_of_columns(embedder: Any) -> None:
    names = embedder.get_feature_names_out()
    assert names.dtype == object
    assert list(names) == [f"textembedder{index}" for index in range(256)]
    embedder.set_params(dimensionality=3)
    assert list(embedder.get_feature_names_out()) == [f"textembedder{index}" for index in range(3)]


def test_data_frames(embedder: Any, expected: Any) -> None:
    texts = pd.Series(DOCUMENTS, index=[f"row {index}" for index in range(len(DOCUMENTS))])
    frame = embedder.set_output(transform="pandas").fit_transform(texts)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.index) == list(texts.index)
    assert list(frame.columns) == list(embedder.get_feature_names_out())
    assert set(frame.dtypes) == {np.dtype(np.float32)}
    assert np.array_equal(frame.to_numpy(), expected)

    other = embedder.set_output(transform="polars").fit_transform(pl.Series(DOCUMENTS))
    assert isinstance(other, pl.DataFrame)
    assert other.columns == list(embedder.get_feature_names_out())
    assert set(other.dtypes) == {pl.Float32}
    assert np.array_equal(other.to_numpy(), expected)

    again = embedder.set_output(transform="default").fit_transform(DOCUMENTS)
    assert type(again) is np.ndarray


def test_a_column_among_others(expected: Any) -> None:
    frame = pd.DataFrame({"text": DOCUMENTS, "number": np.arange(len(DOCUMENTS), dtype=float)})
    columns: Any = ColumnTransformer(
        [("text", TextEmbedder(BUNDLED_MODEL), "text"), ("number", StandardScaler(), ["number"])]
    )
    made = columns.fit_transform(frame)
    assert np.array_equal(made[:, :256].astype(np.float32), expected)
    assert list(columns.get_feature_names_out())[254:] == [
        "text__textembedder254",
        "text__textembedder255",
        "number__number",
    ]
    # A list of columns is a frame, whose items would be the names of its columns.
    wrong: Any = ColumnTransformer([("text", TextEmbedder(BUNDLED_MODEL), ["text"])])
    with pytest.raises(ValueError, match=r"one dimension.*\(10, 1\)"):
        wrong.fit_transform(frame)


def test_parameters(expected: Any) -> None:
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    embedder: Any = TextEmbedder(BUNDLED_MODEL, normalize=False, max_length=3, num_threads=1)
    wanted = model.encode(DOCUMENTS, normalize=False, max_length=3)
    assert np.array_equal(embedder.transform(DOCUMENTS), wanted)
    assert not np.array_equal(wanted, expected)
    # A change after the model was loaded counts.
    embedder.set_params(normalize=None, max_length="model", loading={"dimensionality": 5})
    smaller = StaticModel.from_pretrained(BUNDLED_MODEL, dimensionality=5).encode(DOCUMENTS)
    assert np.array_equal(embedder.transform(DOCUMENTS), smaller)
    embedder.set_params(loading=None, max_length=None)
    assert np.array_equal(embedder.transform(DOCUMENTS), model.encode(DOCUMENTS, max_length=None))


def test_the_model_is_loaded_once_and_not_by_the_constructor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loads = adapters.count_loads(monkeypatch)
    embedder: Any = clone(TextEmbedder(BUNDLED_MODEL).set_params(normalize=True))
    assert loads == []
    before = dict(vars(embedder))
    embedder.fit(TEXTS)
    assert loads == [BUNDLED_MODEL]
    # `fit` leaves the parameters alone, and adds nothing public.
    public = {name: value for name, value in vars(embedder).items() if not name.startswith("_")}
    assert public == {name: value for name, value in before.items() if not name.startswith("_")}
    for normalize in (True, False):
        embedder.set_params(normalize=normalize).fit(TEXTS).transform(TEXTS)
    embedder.get_feature_names_out()
    assert loads == [BUNDLED_MODEL]
    TextEmbedder("bundled:nothing")
    with pytest.raises(FileNotFoundError, match="bundled:nothing"):
        TextEmbedder("bundled:nothing").fit(TEXTS)


def test_loaded_models(expected: Any) -> None:
    model = StaticModel.from_pretrained(BUNDLED_MODEL)
    embedder: Any = TextEmbedder(model)
    assert embedder.get_params()["model"] is model
    for same in (embedder, clone(embedder), pickle.loads(pickle.dumps(embedder))):
        assert np.array_equal(same.fit_transform(DOCUMENTS), expected)
    for wrong in ({"dimensionality": 3}, {"loading": {"revision": "main"}}):
        with pytest.raises(TypeError, match=r"a loaded model takes no arguments: \w"):
            clone(embedder).set_params(**wrong).fit(DOCUMENTS)


def test_pickle(embedder: Any, expected: Any) -> None:
    embedder.set_output(transform="pandas").fit(DOCUMENTS)
    data = pickle.dumps(embedder)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert again.get_params() == embedder.get_params()
    assert np.array_equal(again.transform(DOCUMENTS).to_numpy(), expected)


def test_wrong_types_are_errors(embedder: Any) -> None:
    for method in (embedder.fit, embedder.transform, embedder.fit_transform):
        with pytest.raises(TypeError, match="not one text"):
            method("one text")
        with pytest.raises(ValueError, match="one dimension"):
            method(pd.DataFrame({"text": TEXTS}))
        with pytest.raises(ValueError, match="one dimension"):
            method(np.array([TEXTS]))
    for wrong in (["fine", None], pd.Series(["fine", None]), np.array([1.5, 2.5])):
        with pytest.raises(TypeError, match="1" if len(wrong) and wrong[0] == "fine" else "0"):
            embedder.transform(wrong)
    for parameters in ({"max_length": -1}, {"num_threads": 0}):
        with pytest.raises(ValueError, match=next(iter(parameters))):
            clone(embedder).set_params(**parameters).transform(TEXTS)


def test_in_a_pipeline(embedder: Any) -> None:
    pipeline: Any = make_pipeline(embedder, LogisticRegression()).fit(TEXTS, LABELS)
    assert pipeline.score(TEXTS, LABELS) == 1.0
    assert list(pipeline.predict(["a recipe for a pie", "an orchestra"])) == ["food", "music"]
    again = pickle.loads(pickle.dumps(pipeline))
    assert np.array_equal(again.predict_proba(TEXTS), pipeline.predict_proba(TEXTS))
    assert list(pipeline[:-1].get_feature_names_out())[:1] == ["textembedder0"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_in_a_search(embedder: Any, jobs: int) -> None:
    search: Any = GridSearchCV(
        Pipeline([("embed", embedder), ("classify", LogisticRegression())]),
        {
            "embed__normalize": [True, False],
            "embed__dimensionality": [1, 64, None],
            "classify__C": [1.0, 10.0],
        },
        cv=3,
        n_jobs=jobs,
        error_score="raise",
    ).fit(TEXTS, LABELS)
    assert len(search.cv_results_["params"]) == 12
    assert search.best_params_["embed__dimensionality"] != 1
    assert search.score(TEXTS, LABELS) == 1.0
    scores = search.cv_results_["mean_test_score"]
    assert scores.max() > scores.min()


def test_the_example() -> None:
    output = adapters.run_example("sklearn_classify.py")
    found = re.search(r"accuracy in cross-validation: (0\.\d+|1\.00) with", output)
    assert found
    assert float(found[1]) > 0.7
    sorted_as = [line.split()[0] for line in output.splitlines() if line.startswith("  ")]
    assert sorted_as == ["billing", "delivery", "technical"]


def test_without_the_framework_the_message_names_the_extra() -> None:
    message = adapters.message_without("sklearn", "m2v_fast.integrations.sklearn")
    assert "pip install 'm2v-fast[scikit-learn]'" in message
