"""How much of real API descriptions `tidegate new` gets right: lists and their paging, against labels made by
hand; code, by the check of a project; contracts, by the examples of the files.
"""
