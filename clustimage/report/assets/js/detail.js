// detail: to come.
