LINE = "a module beside it"
