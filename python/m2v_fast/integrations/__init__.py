"""Adapters to frameworks, one module each.

None is imported by `m2v_fast` itself, and each needs its framework:

| module | extra |
|:--|:--|
| `bertopic` | `m2v-fast[bertopic]` |
| `chonkie` | `m2v-fast[chonkie]` |
| `chroma` | `m2v-fast[chroma]` |
| `fastembed`, which serves qdrant-client too | `m2v-fast[fastembed]` |
| `keybert` | `m2v-fast[keybert]` |
| `lancedb` | `m2v-fast[lancedb]` |
| `langchain` | `m2v-fast[langchain]` |
| `llama_index` | `m2v-fast[llama-index]` |
| `sentence_transformers`, which accelerates models in place | `m2v-fast[sentence-transformers]` |
| `sklearn` | `m2v-fast[scikit-learn]` |

Haystack's is `haystack_integrations.components.embedders.m2v_fast` (`m2v-fast[haystack]`).
"""
