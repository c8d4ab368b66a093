"""Learned query encoders for Pyserini: LTRe, ADORE and STAR.

Importing this package costs next to nothing: each part is imported where it is used.
"""
