// search: to come.
