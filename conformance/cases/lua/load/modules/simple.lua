counter_of_simple = (counter_of_simple or 0) + 1
return { name = ... }
