"""Function descriptions of a site's systems, written from its file and from the numbers that control works with."""
