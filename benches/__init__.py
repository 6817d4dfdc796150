"""Speed of columns, files, engines and servers; `m2v-fast bench` has that of texts in lists."""

import os

# model2vec runs on one thread, as ours does beside it.
os.environ["TOKENIZERS_PARALLELISM"] = "false"
