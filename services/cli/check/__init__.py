"""`vanthu check`: the promise, proved on the data as it is."""
