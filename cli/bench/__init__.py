"""Benchmarks that compare two things in one run; what they print are ratios."""
