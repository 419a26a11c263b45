"""Programs in the idioms of course code, run with PyTorch and with this library.

Each file holds one ``program``: the body of a script, whose parameters name what the script would have imported
(``torch``, ``nn``, ``F``, ``optim``, ...). It prints shapes and text, and returns the numbers that both libraries must
agree on, mostly its loss curve. ``TOLERANCE``, where a file has it, replaces the relative tolerance and says why.
"""
