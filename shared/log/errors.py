"""The base of the errors that say: these bytes are not what the log's specifications allow.

Each module defines its own, beside the format that it reads. A wrong argument from our own code is
a plain `ValueError`.
"""


class LogFormatError(ValueError):
    """Evidence or data from outside that breaks a log format, or does not prove what it claims."""
