"""The version, as the native module was built with it."""

from m2v_fast import _native

__version__: str = _native.__version__
