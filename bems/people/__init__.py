"""Who may sign in: people, sessions, tokens of programs. Kept in a file of its own beside the record."""
