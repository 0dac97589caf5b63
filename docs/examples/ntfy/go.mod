module example.org/crier-ntfy

go 1.26.0

require github.com/crierhq/crier v0.0.0

// Your module needs no replace: it names a version above.
replace github.com/crierhq/crier => ../../..
