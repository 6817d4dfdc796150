"""The recipes of docs/recipes.md: each runs as it stands, in its library, and gives our vectors."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from m2v_fast import BUNDLED_MODEL, StaticModel

from tests.support import process

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "recipes.md"
TEXTS = ["a text", "baking bread", "The moon's gravity causes the tides."]

#: For each recipe that is run: the module it needs, and how its result embeds TEXTS.
PROBES = {
    "DSPy": ("dspy", "vectors = embedder(TEXTS)\nassert (embedder(TEXTS[0]) == vectors[0]).all()"),
    "LightRAG": ("lightrag", "vectors = asyncio.run(embedding_func(TEXTS))"),
    "LiteLLM": (
        "litellm",
        """
assert len(response.data) == 2
async def twin():
    return await litellm.aembedding("m2v-fast/bundled", input=TEXTS)
vectors = [item["embedding"] for item in asyncio.run(twin()).data]
again = litellm.embedding("m2v-fast/bundled", input=TEXTS)
assert vectors == [item["embedding"] for item in again.data]
""",
    ),
    "llm": (
        "llm",
        """
llm.load_plugins()
llm.plugins.pm.register(sys.modules["__main__"])
found = llm.get_embedding_model("m2v-fast")
vectors = list(found.embed_multi(iter(TEXTS)))
assert found.embed(TEXTS[1]) == vectors[1]
""",
    ),
    "Mem0": (
        "mem0",
        """
config["vector_store"]["config"]["path"] = FOLDER + "/store"
llm = {"provider": "openai", "config": {"api_key": "none"}}  # which nothing here asks
memory = mem0.Memory.from_config({**config, "llm": llm, "history_db_path": FOLDER + "/history"})
for text in TEXTS:
    memory.add(text, user_id="me", infer=False)
found = memory.search("a loaf", filters={"user_id": "me"}, top_k=1)["results"]
assert [item["memory"] for item in found] == ["baking bread"], found
vectors = [memory.embedding_model.embed(text) for text in TEXTS]
""",
    ),
    "Pydantic AI": (
        "pydantic_ai",
        """
async def both():
    return await embedder.embed_documents(TEXTS), await embedder.embed_query(TEXTS[2])
documents, query = asyncio.run(both())
vectors = documents.embeddings
assert list(query[TEXTS[2]]) == list(vectors[2])
""",
    ),
    "RedisVL": (
        "redisvl",
        "vectors = vectorizer.embed_many(TEXTS)\nassert vectorizer.embed(TEXTS[0]) == vectors[0]",
    ),
    "Semantic Kernel": (
        "semantic_kernel",
        """
import semantic_kernel
kernel = semantic_kernel.Kernel()
kernel.add_service(generator)
service = kernel.get_service("m2v-fast")
vectors = asyncio.run(service.generate_embeddings(TEXTS))
""",
    ),
    "spaCy": (
        "spacy",
        """
documents = list(nlp.pipe(TEXTS))
vectors = [document.vector for document in documents]
assert all(document.has_vector for document in documents)
assert (nlp(TEXTS[1]).vector == vectors[1]).all()
similarity = nlp("to bake a loaf of bread").similarity
scores = [similarity(document) for document in documents]
assert max(range(3), key=scores.__getitem__) == 1, scores
""",
    ),
}
#: Those that say of themselves that no test runs them.
NOT_RUN = {"CrewAI", "txtai"}


def recipes() -> tuple[str, dict[str, str]]:
    """The code that all recipes start with, and that of each, by its heading."""
    start, *rest = re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)

    def block(section: str) -> str:
        [code] = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
        return str(code)

    return block(start), {section.splitlines()[0]: block(section) for section in rest}


def test_every_recipe_is_run_or_says_that_it_is_not() -> None:
    _, blocks = recipes()
    assert blocks.keys() == PROBES.keys() | NOT_RUN
    assert list(blocks) == sorted(blocks, key=str.lower)
    for code in blocks.values():
        compile(code, "recipe", "exec")
    sections = DOCUMENT.read_text(encoding="utf-8").split("\n## ")[1:]
    saying = {
        part.splitlines()[0] for part in sections if re.search(r"not\s(run\s)?by\sthe\stests", part)
    }
    assert saying == NOT_RUN


@pytest.mark.parametrize("name", PROBES)
def test_recipe(name: str, tmp_path: Path) -> None:
    module, probe = PROBES[name]
    if find_spec(module) is None:
        pytest.skip(f"needs {module}")
    start, blocks = recipes()
    script = tmp_path / "recipe.py"
    script.write_text(
        f"import json, sys\nimport {module}\nimport numpy as np\n"
        f"TEXTS, FOLDER = {TEXTS!r}, {str(tmp_path)!r}\n"
        f"{start}\n{blocks[name]}\n{probe}\n"
        "print(json.dumps(np.asarray(vectors, np.float32).tolist()))\n",
        encoding="utf-8",
    )
    env = {
        "MEM0_DIR": str(tmp_path),
        "MEM0_TELEMETRY": "False",
        "LLM_USER_PATH": str(tmp_path),
        "DSPY_CACHEDIR": str(tmp_path),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    vectors = np.array(process.answer(script, env=env), np.float32)
    assert np.array_equal(vectors, StaticModel.from_pretrained(BUNDLED_MODEL).encode(TEXTS))
