"""`m2v-fast bench`: this package beside others, on the user's machine, model and texts.

Every implementation runs in a process of its own (`ways.py` is its program), and all take turns.
Equality comes first, then time. Nothing here is imported unless it is asked for.
"""
