"""Adapters to frameworks, one module each.

None is imported by `m2v_fast` itself, and each needs its framework:

| module | extra |
|:--|:--|
| `chroma` | `m2v-fast[chroma]` |
| `fastembed`, which serves qdrant-client too | `m2v-fast[fastembed]` |
| `lancedb` | `m2v-fast[lancedb]` |
| `langchain` | `m2v-fast[langchain]` |
| `llama_index` | `m2v-fast[llama-index]` |
| `sklearn` | `m2v-fast[scikit-learn]` |

Haystack's is `haystack_integrations.components.embedders.m2v_fast` (`m2v-fast[haystack]`).
"""
