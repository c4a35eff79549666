"""Records: the files that are the only link between training and judging."""
