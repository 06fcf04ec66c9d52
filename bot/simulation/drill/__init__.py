"""PRETENDING TO FAIL, for people to practise: what a drill plays, and how it is scored."""
