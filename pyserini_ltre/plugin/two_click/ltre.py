"""The reproduction matrix under Pyserini's name: ``python -m pyserini.2cr.ltre``."""

from pyserini_ltre.reproduce.__main__ import main

if __name__ == "__main__":
    main()
