"""What `huimin` commands tell the program that called them, by their exit code."""

from typing import Final

OK: Final = 0
"""Done; for an audit or a receipt: verified."""

WRONG: Final = 1
"""The evidence is wrong: the output says where and why. For other commands: it failed."""

USAGE: Final = 2
"""The command was not called as it can be; click uses this code too."""

CANNOT_READ: Final = 3
"""Nothing can be said: the network, a server or a file was in the way. Try again."""

WAITING: Final = 4
"""Something is needed that only a person has, such as a code: run it again with that."""
