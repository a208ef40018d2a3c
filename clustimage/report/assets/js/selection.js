// selection: to come.
