no_value_ran = true
