"""`huimin counter`: sealed codes for people who come to a counter.

sheets   slips with codes on A4 pages, as PDF
command  `huimin counter`
"""
