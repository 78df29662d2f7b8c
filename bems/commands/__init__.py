"""Verbs of the command line, by topic; everything heavy is imported by the verb that needs it."""
