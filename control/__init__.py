"""Control: rules, guard, and later the optimiser. Pure functions of the picture, the site and `now`."""
