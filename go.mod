module github.com/crierhq/crier

go 1.26.0
