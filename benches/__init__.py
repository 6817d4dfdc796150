"""Speed beside model2vec and plain NumPy: equality first, then time."""

import os

# All run on one thread unless they say otherwise; the libraries read this when they start.
ONE_THREAD = {
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
}
AS_STARTED = dict(os.environ)
os.environ.update(ONE_THREAD)
