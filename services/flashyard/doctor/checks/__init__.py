"""The checks: a file each, a function in each that looks at one thing and tells what it found."""
