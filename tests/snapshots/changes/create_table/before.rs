// There are no tables yet.
