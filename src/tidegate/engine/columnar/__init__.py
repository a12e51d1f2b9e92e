"""The columnar build: a page column by column, each by Pydantic's own validator of its field.

`proof` says of a task whether that gives the very rows of the build by instances; `guards` say the same of
one page. What they cannot prove, and every page on which anything fails, is built by instances.
"""
