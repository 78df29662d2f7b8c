"""What the record teaches at night: the lesson beside the loop and the versions of what was learned."""
