(module (import "nowhere" "f" (func)))
