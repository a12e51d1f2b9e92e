"""The command line: it wires and shows. Everything heavy is imported inside of the commands."""
