"""`python -m m2v_fast` is `m2v-fast`."""

from m2v_fast.cli import main

if __name__ == "__main__":
    main()
