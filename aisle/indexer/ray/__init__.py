"""The load of a release on many machines, as a Ray Data dataset (extra ``ray``).

driver: reader → batches → [buffer] → Ray Data: reading task → actors (encode, write) → replies → ledger
"""
