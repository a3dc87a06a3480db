"""`huimin vote`: the whole way of a person, from who they are to a receipt that anyone can check.

registration  identity, code, credential; goes on where an earlier run ended
choosing      the shortlist on a terminal, and what a slip of the finger probably meant
casting       the ballot, and the receipt of one whose answer was lost
run           one run from start to end
command       options, and what is printed in the end
"""
