"""What is wrong with the wish for an export."""


class ExportError(Exception):
    """The export cannot be made as it was asked for; the text says what to change."""
