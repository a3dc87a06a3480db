"""`huimin doctor`: what is wrong with a running installation, and what to do about it.

It reads and never changes anything. Each check says what it found, on what evidence; what could
not be looked at is said as openly as what is wrong.
"""
