"""`huimin roll`: the electoral roll, from the city's own files to the registrar.

lines    the lines of a CSV file, whatever a spreadsheet made of it
checking each line checked, and what is wrong with it
outcome  what came of a command, for people and programs
command  `huimin roll`
"""
