-- Empty matches advance one character and never repeat behind a match.
print(("abc"):gsub("x*", "-"), ("abc"):gsub("b*", "-"), ("bbb"):gsub("b*", "-"), (""):gsub("x*", "-"), (""):gsub("^", "-"))
print(("hello world"):gsub("%s*", "_"), ("a,b,,c"):gsub(",*", ";"), ("abc"):gsub(".-", "-"), ("abc"):gsub("()", "%1"))
