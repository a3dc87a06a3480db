"""`huimin edition`: officers take an edition through its phases by commands that they sign.

options       what the commands are given
documents     manifest, shortlist and issuer key, read from files
registrar     roll and issuance as the registrar's desk gives them
recount       a draw or a certificate from our own verified recount of the log
wording       a command in plain words
command_file  a command on its way from one officer to the next
signing       signatures, and what comes of them
prepare       the commands that prepare, one for each phase
cosign        `sign` and `submit`
look          `list` and `show`
command       `huimin edition`
"""
