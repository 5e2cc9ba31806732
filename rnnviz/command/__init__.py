"""What the command line is made of: words to a study, declarations to a manual, progress. `rnnviz/__main__.py` joins them."""
