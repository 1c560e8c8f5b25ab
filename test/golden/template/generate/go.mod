module templategolden

go 1.24
