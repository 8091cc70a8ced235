-- Start-up time: the smallest program that shows it ran.
print("hi")
