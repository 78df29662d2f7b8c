"""The rules: plain decisions for whatever the site declares, one file a kind of equipment."""
