// corrections: to come.
