"""The texts that `m2v-fast demo` embeds and ranks."""

from typing import Final

DOCUMENTS: Final = [
    "A vector index such as HNSW finds the nearest neighbours of a query without comparing it to "
    "every vector.",
    "To bake bread, mix flour, water, salt and yeast, let the dough rise for some hours, and bake "
    "it in a hot oven.",
    "The Python interpreter compiles source code to bytecode and runs it on a virtual machine.",
    "Regular exercise and enough sleep lower the risk of heart disease.",
    "A backup that was never restored is a hope: try the restore before you need it.",
    "The moon's gravity pulls the oceans and causes the tides.",
    "Interest rates rise when the central bank wants to slow down inflation.",
    "A collection is created with a schema that names its fields, their types and the dimension of "
    "its vectors.",
    "The orchestra played a symphony by Beethoven in the old concert hall.",
    "Static embeddings need no neural network at query time: a table is looked up and its rows are "
    "averaged.",
]

QUERIES: Final = [
    "How do I search for similar vectors quickly?",
    "recipe for a loaf",
    "why does the sea rise and fall twice a day?",
    "Are my saved copies of the data any good?",
]
