"""Adapters to frameworks, one module each.

None is imported by `m2v_fast` itself, and each needs its framework:

| module | extra |
|:--|:--|
| `bertopic` | `m2v-fast[bertopic]` |
| `chonkie` | `m2v-fast[chonkie]` |
| `chroma` | `m2v-fast[chroma]` |
| `keybert` | `m2v-fast[keybert]` |
| `langchain` | `m2v-fast[langchain]` |
| `llama_index` | `m2v-fast[llama-index]` |
| `sentence_transformers`, which accelerates models in place | `m2v-fast[sentence-transformers]` |
"""
