"""The documentation site; `make docs` builds and checks it."""

from m2v_fast import __version__

project = "m2v_fast"
author = "The m2v_fast contributors"
copyright = "The m2v_fast contributors"  # noqa: A001 - Sphinx' name
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]

myst_heading_anchors = 3
# Dashes alone: `--` of docstrings is one, and quotes stay as they are.
smartquotes_action = "D"
# Docstrings are written with single backticks for code.
default_role = "code"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
# The adapters are read without their frameworks.
autodoc_mock_imports = [
    *("bertopic", "chonkie", "chromadb", "daft", "dask", "duckdb", "fastembed", "haystack"),
    *("keybert", "lancedb", "langchain_core", "llama_index", "polars", "pydantic", "pyspark"),
    *("sentence_transformers", "sklearn", "torch"),
]
napoleon_numpy_docstring = False
maximum_signature_line_length = 80

html_theme = "furo"
html_title = "m2v_fast"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "monokai"
html_theme_options = {
    "source_repository": "https://github.com/m2v-fast/m2v-fast/",
    "source_branch": "main",
    "source_directory": "docs/",
}
