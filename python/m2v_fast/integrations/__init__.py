"""Adapters to frameworks, one module each.

None is imported by `m2v_fast` itself, and each needs its framework: `langchain`, `llama_index` and
`chroma` are also the names of the modules; the extras are `m2v-fast[langchain]`,
`m2v-fast[llama-index]` and `m2v-fast[chroma]`.
"""
