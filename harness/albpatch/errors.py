"""How a verb ends when it cannot do its work. Each is one line for a person; the exit status says whose turn it is."""


class InputError(Exception):
    """What the user gave is wrong (a file, an option, a document). Exit status 2. Every line of it is one defect."""


class Failure(Exception):
    """AWS, Terraform or the work itself failed. Exit status 1. The text names the cause."""
