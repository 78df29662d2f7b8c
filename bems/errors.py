"""What keeps the program from starting; the text says what to do next."""


class StartError(Exception):
    """Something that is needed is not there; nothing was started."""
