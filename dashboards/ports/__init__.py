"""What pages and the API may read of the site and ask of it, as protocols `bems` satisfies; `view` has them all."""
